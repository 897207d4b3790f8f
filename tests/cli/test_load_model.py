import keras
import pytest

from kmm import models
from kmm.cli.load_model import load_model


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
