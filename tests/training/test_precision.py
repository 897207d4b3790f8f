import pathlib

import pytest
import tensorflow as tf

from kmm.training import policy_for


@pytest.mark.parametrize("precision, policy", [("float32", "float32"), ("bfloat16", "mixed_bfloat16")])
def test_what_is_asked_for(precision, policy):
    assert policy_for(precision) == policy


@pytest.mark.parametrize(
    "flags, policy",
    [("amx_tile amx_bf16", "mixed_bfloat16"), ("avx512_bf16", "mixed_bfloat16"), ("avx512f avx2 bf16", "float32")],
)
def test_auto_looks_at_the_cpu(monkeypatch, flags, policy):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(pathlib.Path, "exists", lambda path: True)
    monkeypatch.setattr(pathlib.Path, "read_text", lambda path, **options: f"flags : fpu {flags}")
    assert policy_for("auto") == policy


def test_auto_on_a_system_that_does_not_tell(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(pathlib.Path, "exists", lambda path: False)
    assert policy_for("auto") == "float32"


@pytest.mark.parametrize(
    "details, policy",
    [
        ({"compute_capability": (9, 0)}, "mixed_bfloat16"),
        ({"compute_capability": (8, 0)}, "mixed_bfloat16"),
        ({"compute_capability": (7, 5)}, "float32"),
        ({}, "float32"),
    ],
)
def test_auto_looks_at_the_gpu(monkeypatch, details, policy):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    assert policy_for("auto") == policy


def test_unknown_precision():
    with pytest.raises(ValueError, match=r"one of \('auto', 'float32', 'bfloat16'\). Received: precision='float16'"):
        policy_for("float16")
