"""With what a report was made."""

import importlib.metadata
import os
import pathlib
import platform

import keras

from kmm.reporting.html_elements import definitions
from kmm.reporting.section import Section
from kmm.version import __version__

PACKAGES = ("keras", "tensorflow", "numpy", "pillow", "matplotlib")


def versions_section(context):
    """Versions of the packages, and the machine.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds versions by package, `system`, `processor`, `cores` and `devices`.
    """
    data = {"kmm": __version__, "python": platform.python_version()}
    data.update({name: importlib.metadata.version(name) for name in PACKAGES})
    data.update(
        system=f"{platform.system()} {platform.machine()}", processor=_processor(), cores=os.cpu_count(),
        devices=", ".join(keras.distribution.list_devices()),
    )  # fmt: skip
    return Section(data, [definitions(data.items())])


def _processor():
    path = pathlib.Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
