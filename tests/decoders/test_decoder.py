import pytest

from kmm.decoders import Decoder


def test_levels_are_sorted_from_fine_to_coarse():
    decoder = Decoder(4, levels=["P5", "P3"])
    assert decoder.levels == ("P3", "P5")
    assert decoder.compute_output_shape({"P3": (None, 8, 6, 3), "P5": (None, 2, 2, 9)}) == (None, 8, 6, 4)


@pytest.mark.parametrize(
    "arguments, received", [((0, ("P5",)), r"filters=0, levels=\('P5',\)"), ((4, ()), r"filters=4, levels=\(\)")]
)
def test_refuses_nothing(arguments, received):
    with pytest.raises(ValueError, match=f"one filter and one level. Received: {received}"):
        Decoder(*arguments)


def test_refuses_features_without_a_level():
    with pytest.raises(ValueError, match=r"\['P4'\] are missing. Received: levels \('P5', 'P3'\)"):
        Decoder(4, levels=("P3", "P4", "P5")).build({"P5": (1, 2, 2, 8), "P3": (1, 8, 8, 8)})
