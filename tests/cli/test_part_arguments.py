import argparse

import pytest

from kmm.cli.part_arguments import add_part_arguments, read_part, read_parts


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
