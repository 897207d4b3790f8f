import argparse

import pytest

from kmm.cli.part_arguments import (
    CLASS_WEIGHTS,
    add_loss_arguments,
    add_part_arguments,
    read_loss,
    read_part,
    read_parts,
)
from kmm.training.settings import WEIGHTS


def read(*words):
    parser = argparse.ArgumentParser()
    add_part_arguments(parser)
    return read_parts(parser.parse_args(words))


def test_only_what_is_named():
    assert read() == {}
    assert read("--fusion", "FiLMFusion", "--fusion-levels", "P3", "P4") == {
        "fusion": "FiLMFusion",
        "fusion_levels": ["P3", "P4"],
    }
    words = ("--text-encoder", "GRUTextEncoder", "--image-encoder", '["A", {"b": [1, 2]}]', "--decoder", "FPNDecoder")
    assert read(*words) == {
        "text_encoder": "GRUTextEncoder",
        "image_encoder": ["A", {"b": [1, 2]}],
        "decoder": "FPNDecoder",
    }


def test_what_is_no_json():
    with pytest.raises(ValueError, match=r"in JSON. Received: \[A, .*Quote it for the shell"):
        read_part("[A, {}]")


def test_the_loss_and_its_weights():
    parser = argparse.ArgumentParser()
    add_loss_arguments(parser)
    assert read_loss(parser.parse_args([])) == {"loss": None, "class_weights": None}
    words = ["--loss", '["BinaryTversky", {"alpha": 0.3}]', "--class-weights", "median"]
    assert read_loss(parser.parse_args(words)) == {"loss": ["BinaryTversky", {"alpha": 0.3}], "class_weights": "median"}
    assert CLASS_WEIGHTS == WEIGHTS, "those of the library"
