import keras
import pytest

from kmm import decoders, fusion
from kmm.models.make_part import make_part, part_names


def test_only_what_the_class_takes_is_offered():
    part = make_part("ConcatFusion", fusion, filters=8, num_heads=3, name="join", dtype="mixed_bfloat16")
    assert (part.filters, part.name, part.dtype_policy.name) == (8, "join", "mixed_bfloat16")


def test_given_arguments_win():
    assert make_part(("ConcatFusion", {"filters": 4}), fusion, filters=8).filters == 4


def test_a_built_part_is_returned():
    part = keras.layers.Dense(3)
    assert make_part(part, fusion, filters=8) is part


def test_contracts_are_no_parts():
    names = part_names(decoders)
    assert "FCNDecoder" in names and "Decoder" not in names
    assert "CrossAttentionFusion" in part_names(fusion) and "Fusion" not in part_names(fusion)


def test_a_missing_argument_is_named():
    with pytest.raises(ValueError, match=r"ConcatFusion takes the arguments \['filters'.*Missing: \['filters'\]"):
        make_part("ConcatFusion", fusion)
