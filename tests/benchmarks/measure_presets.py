"""Size and speed of all presets: `python tests/benchmarks/measure_presets.py` writes `kmm/models/preset_figures.py`.

Every figure is a median over alternating rounds. Run it while nothing else runs.
"""

import json
import os
import pathlib

import tensorflow as tf

from kmm.training.measure_presets import measure_presets
from kmm.training.precision import policy_for

FILE = pathlib.Path(__file__).parents[2] / "kmm" / "models" / "preset_figures.py"


def main():
    """Measure, write and print."""
    device = "a GPU" if tf.config.list_physical_devices("GPU") else f"{os.cpu_count()} CPU cores"
    rows = "".join(f"    {json.dumps(name)}: {json.dumps(row)},\n" for name, row in measure_presets().items())
    text = f'''"""Size and speed of the presets, written by `python tests/benchmarks/measure_presets.py`. Plain data.

Measured on {device} in {policy_for("auto")}. Other machines have other speeds.
"""

preset_figures = {{
{rows}}}
"""A dict from preset to what `kmm.training.measure_presets` gives for it."""
'''
    FILE.write_text(text, encoding="utf-8")
    print(f"{FILE}:\n{text}")


if __name__ == "__main__":
    main()
