import json

import keras
import numpy as np
import pytest

from kmm import fusion
from kmm.models import build_preset, referring_segmenter, segmenter
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["red", "circle"], sequence_length=4)
SMALL = {
    "image_size": (16, 24),
    "num_classes": 3,
    "prompt_tokenizer": TOKENIZER,
    "image_encoder": ("ConvImageEncoder", {"widths": (4, 6, 8)}),
    "text_units": 4,
    "fusion_filters": 8,
    "decoder_filters": 6,
}


@keras.saving.register_keras_serializable(package="kmm_tests")
class OwnFusion(fusion.ConcatFusion):
    """A fusion that is none of kmm's."""


def test_numbers_reach_the_parts():
    model = segmenter(**SMALL)
    text = model.context_encoders["text"]
    assert (text.embedding_dim, text.units, text.bidirectional) == (4, 4, True)
    assert text.vocabulary_size == TOKENIZER.vocabulary_size
    assert {level: part.filters for level, part in model.fusions.items()} == {"P3": 8}
    assert model.decoder.filters == 6 and model.decoder.levels == ("P2", "P3")
    assert model.heads["segmentation_masks"].scale == 4 and model.num_classes == 3


@pytest.mark.parametrize(
    "part", ["ConcatFusion", ["ConcatFusion", {"coordinates": True}], OwnFusion, "kmm_tests>OwnFusion"]
)
def test_another_fusion_is_another_word(part):
    model = segmenter(**SMALL, fusion=part)
    found = model.fusions["P3"]
    assert isinstance(found, fusion.ConcatFusion) and found.filters == 8
    assert found.coordinates == isinstance(part, list)
    assert isinstance(found, OwnFusion) == ("OwnFusion" in str(part))


def test_built_parts_are_taken_as_they_are():
    built = fusion.FiLMFusion(12) if hasattr(fusion, "FiLMFusion") else fusion.ConcatFusion(12)
    assert segmenter(**SMALL, fusion=built).fusions["P3"] is built


@pytest.mark.parametrize(
    "levels, expected", [(1, ["P3"]), (2, ["P2", "P3"]), (["P2"], ["P2"]), (("P3", "P2"), ["P2", "P3"])]
)
def test_levels_of_the_words(levels, expected):
    model = segmenter(**SMALL, fusion="ConcatFusion", fusion_levels=levels)
    assert sorted(model.fusions) == expected
    names = sorted(part.name for part in model.fusions.values())
    assert names == (["fusion"] if len(expected) == 1 else ["fusion_p2", "fusion_p3"])


def test_the_scale_of_the_head_follows_the_decoder():
    model = segmenter(**SMALL, decoder_levels=("P3",))
    assert model.heads["segmentation_masks"].scale == 8 and model.output_shape == (None, 16, 24, 3)


def test_without_a_tokenizer_there_are_no_words():
    model = segmenter(**{**SMALL, "prompt_tokenizer": None})
    assert set(model.input) == {"images"} and not model.fusions


def test_parts_pass_through_builders_and_presets():
    small = {"widths": (4, 6, 8), "text_units": 4, "fusion_filters": 8, "decoder_filters": 6}
    model = referring_segmenter((16, 24), TOKENIZER, fusion="ConcatFusion", fusion_levels=("P2",), **small)
    assert isinstance(model.fusions["P2"], fusion.ConcatFusion)
    model = build_preset("shapes", image_size=(16, 24), prompt_tokenizer=TOKENIZER, fusion="ConcatFusion", **small)
    assert isinstance(model.fusions["P3"], fusion.ConcatFusion)


def test_saved_and_loaded(tmp_path):
    model = segmenter(**SMALL, fusion=OwnFusion, fusion_levels=2)
    inputs = {"images": np.ones((1, 16, 24, 3), "uint8"), **{k: v.numpy() for k, v in TOKENIZER(["red"]).items()}}
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"fusion": "FilmFusion"}, r"one of \[.*'ConcatFusion'.*Received: 'FilmFusion'"),
        ({"fusion": "Fusion"}, "Received: 'Fusion'"),
        ({"fusion": "no>Such"}, "Received: 'no>Such'"),
        ({"decoder": ("FCNDecoder", {"rates": 3})}, "FCNDecoder takes .*'refinements'.*Unknown: .*'rates'"),
        ({"fusion": fusion.ConcatFusion(8), "fusion_levels": 2}, "Every level needs a fusion of its own"),
        ({"fusion_levels": 3}, r"one or more of the decoder's levels.*fusion_levels=3.*1 to 2"),
        ({"fusion_levels": ("P7",)}, r"change nothing: \['P7'\]"),
        ({"decoder_levels": ("P2", "P9")}, r"does not give: \['P9'\]"),
        ({"text_encoder": ("LSTMTextEncoder", {"vocabulary_size": 3})}, "for every id.*vocabulary_size=4.*=3"),
    ],
)  # fmt: skip
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        segmenter(**{**SMALL, **arguments})


def test_parts_are_plain_data():
    part = json.loads(json.dumps(("ConcatFusion", {"coordinates": True})))
    assert segmenter(**SMALL, fusion=part).fusions["P3"].coordinates
