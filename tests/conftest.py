"""Settings of all tests: quiet TensorFlow, no display, fixed seeds."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")

import keras  # noqa: E402
import pytest  # noqa: E402


def pytest_addoption(parser):
    parser.addoption(
        "--update-public-api",
        action="store_true",
        help="Write tests/architecture/public_api.txt anew instead of comparing with it.",
    )


@pytest.fixture(autouse=True)
def fixed_seeds():
    """Python, NumPy and TensorFlow draw the same numbers in every test."""
    keras.utils.set_random_seed(0)
