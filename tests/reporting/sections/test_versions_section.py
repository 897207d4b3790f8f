import keras

from kmm.reporting.sections.versions_section import versions_section
from kmm.version import __version__


def test_versions(referring, parse):
    section = versions_section(referring)
    assert section.data["kmm"] == __version__ and section.data["keras"] == keras.__version__
    assert section.data["cores"] >= 1 and "cpu" in section.data["devices"].lower()
    assert keras.__version__ in parse("".join(section.blocks)).text
