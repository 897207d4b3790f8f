import argparse

import pytest

from kmm import data
from kmm.cli.open_source import add_source_arguments, open_source


def test_arguments():
    parser = argparse.ArgumentParser()
    add_source_arguments(parser, "what it does", default="shapes")
    args = parser.parse_args(["--task", "semantic"])
    assert (args.data, args.classes, args.task) == ("shapes", None, "semantic")
    with pytest.raises(SystemExit):
        parser.parse_args(["--task", "panoptic"])


def test_shapes():
    source = open_source("shapes", "referring", None, [40, 48], seed=3)
    assert isinstance(source, data.ShapesSource)
    assert source.image_size == (40, 48) and source.seed == 3


def test_folder(streets, tmp_path):
    source = open_source(streets, "referring", None, (32, 32), seed=3)
    assert isinstance(source, data.ClassMaskFolder)
    assert (source.name, source.task, source.seed) == ("streets", "referring", 3)
    (tmp_path / "other.json").write_text('["above", "below"]')
    source = open_source(streets, "semantic", str(tmp_path / "other.json"), (32, 32))
    assert source.class_names == ("above", "below")


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="have no classes. Received: task='semantic'"):
        open_source("shapes", "semantic", None, (32, 32))
    with pytest.raises(ValueError, match="have no classes. Received: classes='classes.json'"):
        open_source("shapes", "referring", "classes.json", (32, 32))
    with pytest.raises(ValueError, match="data folder must exist"):
        open_source(tmp_path / "nowhere", "semantic", None, (32, 32))
