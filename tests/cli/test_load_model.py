import keras
import pytest

from kmm import decoders, encoders, heads, models
from kmm.cli.load_model import load_model
from kmm.cli.main import main
from kmm.layers import LinearDecision
from tests.cases.saved_modules import CONV_BACKBONE


def test_load(model_files):
    model = load_model(model_files["referring"])
    assert isinstance(model, models.MultimodalModel) and model.prompt_tokenizer.vocabulary[1] == "red"


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*nowhere.keras"):
        load_model(tmp_path / "nowhere.keras")
    (tmp_path / "damaged.keras").write_bytes(b"no zip file")
    (tmp_path / "damaged.h5").write_bytes(b"no HDF5 file")
    for name in ("damaged.keras", "damaged.h5"):
        with pytest.raises(ValueError, match=f"readable .keras file. Received: .*{name}"):
            load_model(tmp_path / name)
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="must be a kmm.models.MultimodalModel. Received: Sequential in .*other.keras"):
        load_model(tmp_path / "other.keras")


def test_several_models_in_one_file(tmp_path, model_files):
    models_of_file = {"one": load_model(model_files["referring"]), "other": load_model(model_files["referring"])}
    models.DecisionFusion(models_of_file, LinearDecision()).save(tmp_path / "fused.keras")
    assert isinstance(load_model(tmp_path / "fused.keras"), models.DecisionFusion)


def test_code_is_loaded_only_if_trusted(tmp_path, photograph, capsys):
    path = str(tmp_path / "model.keras")
    models.MultimodalModel(
        image_encoder=encoders.SavedModelImageEncoder(CONV_BACKBONE, (16, 16), levels=("P2",)),
        decoder=decoders.FCNDecoder(filters=4, levels=("P2",)),
        heads={"segmentation_masks": heads.SegmentationHead(2)},
    ).save(path)
    with pytest.raises(
        ValueError, match="loaded only if it is trusted. Received: .*model.keras .*A SavedModel is code"
    ):
        load_model(path)
    assert isinstance(load_model(path, trust=True), models.MultimodalModel)
    command = ["predict", "--model", path, "--image", photograph, "--output", str(tmp_path / "mask.png")]
    assert main(command) == 2 and "give --trust" in capsys.readouterr().err
    assert main([*command, "--trust"]) == 0 and (tmp_path / "mask.png").exists()
