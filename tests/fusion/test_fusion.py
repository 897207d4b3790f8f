import numpy as np
import pytest

from kmm import fusion as package
from kmm.fusion import Fusion
from kmm.models.make_part import part_names

SHAPES = {"image_features": (2, 4, 4, 3), "sequence": (2, 5, 6), "pooled": (2, 6), "padding_mask": (2, 5)}
FUSIONS = [getattr(package, name) for name in part_names(package)]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_refuses_less_than_one_filter(fusion):
    with pytest.raises(ValueError, match="at least one filter. Received: filters=0"):
        fusion(filters=0)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize(
    "name, shape", [("image_features", (2, 4, 4)), ("sequence", (2, 6)), ("pooled", (2, 1, 6)), ("padding_mask", (2,))]
)
def test_refuses_wrong_ranks(fusion, name, shape):
    shapes = {**SHAPES, name: shape}
    received = ", ".join(str(shape) for shape in shapes.values()).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=f"A fusion takes image features .*Received shapes: {received}"):
        fusion(filters=8).build(*shapes.values())


def test_all_fusions_are_called_alike():
    assert len(FUSIONS) >= 13
    arrays = [np.ones(shape, bool if name == "padding_mask" else "float32") for name, shape in SHAPES.items()]
    for fusion in FUSIONS:
        assert issubclass(fusion, Fusion)
        layer = fusion(filters=8)
        assert layer(*arrays, training=True).shape == layer.compute_output_shape(*SHAPES.values()) == (2, 4, 4, 8)
