import numpy as np
import pytest

from kmm.export import SavedModelSession, export_saved_model
from kmm.export.with_compute_dtype import with_compute_dtype


def dtypes(model):
    return {layer.name: layer.compute_dtype for layer in model._flatten_layers(include_self=False) if layer.weights}


def test_there_and_back(make_model):
    model = make_model(3)
    reduced = with_compute_dtype(model, "bfloat16")
    assert set(dtypes(reduced).values()) == {"bfloat16"} and {w.dtype for w in reduced.weights} == {"float32"}
    back = with_compute_dtype(reduced, "float32")
    assert dtypes(back) == dtypes(model) and back.image_size == model.image_size
    for one, other in zip(back.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert set(dtypes(model).values()) == {"float32"}, "the model itself is left alone"


def test_export_in_another_precision(make_model, photographs, tmp_path):
    model, answers = make_model(3), {}
    for compute_dtype in ("float32", "bfloat16"):
        path = export_saved_model(model, tmp_path, compute_dtype=compute_dtype, verify=False)
        with SavedModelSession(path) as session:
            answers[compute_dtype] = session.run({"image_bytes": photographs, "prompt": [b"car"] * 5})
    assert answers["bfloat16"]["score"].dtype == "float32"
    assert np.mean(answers["bfloat16"]["mask"] == answers["float32"]["mask"]) > 0.97
    assert not np.array_equal(answers["bfloat16"]["score"], answers["float32"]["score"])


def test_unknown_precision(make_model, tmp_path):
    with pytest.raises(ValueError, match=r"one of \['bfloat16', 'float32'\]. Received: compute_dtype='float16'"):
        export_saved_model(make_model(1), tmp_path, compute_dtype="float16")
    assert not list(tmp_path.iterdir())
