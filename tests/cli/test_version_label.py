import argparse

import pytest

from kmm.cli.version_label import version_label


def test_pair():
    assert version_label("canary-2=12") == ("canary-2", 12)


@pytest.mark.parametrize("text", ["stable", "=1", "stable=", "stable=one", "stable=-1", "stable=1=2", "stable=²"])
def test_other_words(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"must be LABEL=VERSION, such as stable=1. Received: {text}"):
        version_label(text)
