"""The dtype policy that suits this machine."""

import pathlib

import tensorflow as tf

PRECISIONS = ("auto", "float32", "bfloat16")


def policy_for(precision):
    """Turn "auto", "float32" or "bfloat16" into the name of a dtype policy.

    "auto" takes bfloat16 compute (with float32 weights, logits, losses and metrics) where the hardware multiplies it:
    GPUs with bfloat16 units and CPUs with AVX512-BF16 or AMX.

    Raises:
        ValueError: if the precision is not known.

    Example:

    >>> policy_for("bfloat16")
    'mixed_bfloat16'
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is one of {PRECISIONS}. Received: precision={precision!r}.")
    wants_bfloat16 = precision == "bfloat16" or (precision == "auto" and _multiplies_bfloat16())
    return "mixed_bfloat16" if wants_bfloat16 else "float32"


def _multiplies_bfloat16():
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0)) >= (8, 0)
    cpu_info = pathlib.Path("/proc/cpuinfo")
    features = cpu_info.read_text(encoding="ascii", errors="replace") if cpu_info.exists() else ""
    return "avx512_bf16" in features or "amx_bf16" in features
