import keras
import numpy as np
import pytest
from PIL import Image

from kmm import decoders, encoders, fusion, heads, models
from kmm.cli.main import main
from kmm.preprocessing import PromptTokenizer


def build_model(num_classes, words=("the", "red", "square", "sky", "car")):
    texts = {}
    if words:
        texts["text"] = encoders.LSTMTextEncoder(len(words) + 2, embedding_dim=8, units=8)
    return models.MultimodalModel(
        image_encoder=encoders.ConvImageEncoder((32, 32), widths=(4, 8)),
        decoder=decoders.FCNDecoder(filters=4, levels=("P2",)),
        heads={"segmentation_masks": heads.SegmentationHead(num_classes)},
        context_encoders=texts,
        fusions={"P2": fusion.ConcatFusion(filters=8)} if words else {},
        prompt_tokenizer=PromptTokenizer(words, sequence_length=6) if words else None,
    )


@pytest.fixture(scope="session")
def model_files(tmp_path_factory):
    """Small untrained models: "referring", "semantic" with two classes, and "image_only"."""
    folder = tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(1)
    for name, model in {
        "referring": build_model(1),
        "semantic": build_model(2),
        "image_only": build_model(1, words=()),
    }.items():
        model.save(folder / f"{name}.keras")
    return {name: str(folder / f"{name}.keras") for name in ("referring", "semantic", "image_only")}


@pytest.fixture
def streets(tmp_path):
    """A folder of photographs and masks with the classes sky and car."""
    folder = tmp_path / "streets"
    random = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2)):
        for kind in ("images", "masks"):
            (folder / split / kind).mkdir(parents=True)
        for index in range(count):
            mask = np.zeros((40, 48), np.uint8)
            mask[20:30, 4 + 4 * index : 16 + 4 * index] = 1
            image = (random.integers(0, 60, (40, 48, 3)) + 150 * mask[..., None]).astype("uint8")
            Image.fromarray(image).save(folder / split / "images" / f"{index}.png")
            Image.fromarray(mask).save(folder / split / "masks" / f"{index}.png")
    (folder / "classes.json").write_text('["sky", {"name": "car"}]')
    return str(folder)


@pytest.fixture
def photograph(tmp_path):
    """A file of 50 x 30 pixels (width x height)."""
    pixels = np.random.default_rng(0).integers(0, 256, (30, 50, 3), "uint8")
    Image.fromarray(pixels).save(tmp_path / "photograph.png")
    return str(tmp_path / "photograph.png")


@pytest.fixture
def fails(capsys):
    """Runs a command that must end with one error message, and returns the message."""

    def run(*argv):
        capsys.readouterr()
        assert main([str(word) for word in argv]) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith("kmm: error: ") and "Traceback" not in captured.err
        return captured.err.removeprefix("kmm: error: ").strip()

    return run
