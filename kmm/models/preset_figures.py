"""Size and speed of the presets, written by `python tests/benchmarks/measure_presets.py`. Plain data.

Measured on 2 CPU cores in mixed_bfloat16. Other machines have other speeds.
"""

preset_figures = {}
"""A dict from preset to what `kmm.training.measure_presets` gives for it."""
