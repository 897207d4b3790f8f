import numpy as np
import pytest

from kmm import models
from kmm.evaluation import attention_maps
from kmm.preprocessing import PromptTokenizer

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 24, 3), "uint8")
TOKENIZER = PromptTokenizer(["red", "cup"], sequence_length=5)


@pytest.fixture(scope="module")
def model():
    parts = {"widths": (4, 8), "blocks": 0, "text_units": 4, "fusion_filters": 8, "fusion": "CrossAttentionFusion"}
    return models.referring_segmenter((32, 32), TOKENIZER, **parts)


def test_maps_of_each_word(model):
    row = attention_maps(model, IMAGE, "The cup, red")
    assert row["words"] == ("[unknown]", "cup", "red") and row["prompt"] == "The cup, red"
    assert row["image"].shape == (32, 32, 3) and list(row["maps"]) == ["P2"]
    maps = row["maps"]["P2"]
    assert maps.shape == (8, 8, 3)
    np.testing.assert_allclose(maps.sum(axis=-1), 1, rtol=1e-5)
    encoded = model.image_encoder(row["image"][None].astype("float32"))
    context = model.context_encoders["text"](TOKENIZER(["The cup, red"]))
    arguments = (context["sequence"], context["pooled"], context["padding_mask"])
    expected = np.asarray(model.fusions["P2"].attention_maps(encoded["P2"], *arguments))[0, ..., :3]
    np.testing.assert_allclose(maps, expected, rtol=1e-5)


def test_errors(model, referring_model, make_model):
    with pytest.raises(ValueError, match=r"fusion with attention. Received: fusions=\['ConcatFusion'\]"):
        attention_maps(referring_model, IMAGE, "a cup")
    with pytest.raises(ValueError, match=r"Received: fusions=\[\]"):
        attention_maps(make_model(1), IMAGE, "a cup")
    with pytest.raises(ValueError, match="need words to attend to. Received: prompt='...'"):
        attention_maps(model, IMAGE, "...")
