import argparse

import pytest

from kmm.cli.version_label import labels_of, version_label


def test_pair():
    assert version_label("canary-2=12") == ("canary-2", 12)


@pytest.mark.parametrize("text", ["stable", "=1", "stable=", "stable=one", "stable=-1", "stable=1=2", "stable=²"])
def test_other_words(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"must be LABEL=VERSION, such as stable=1. Received: {text}"):
        version_label(text)


def test_a_label_may_be_given_once():
    assert labels_of([("stable", 1), ("canary", 1)]) == {"stable": 1, "canary": 1}
    with pytest.raises(ValueError, match="must be given once. Received: --labels stable=1 stable=2"):
        labels_of([("stable", 1), ("stable", 2)])
