"""Data steps for training: dict in, dict out, random only through the key they are given."""

from kmm.data.augmentations.random_colour import RandomColour
from kmm.data.augmentations.random_flip import RandomFlip
from kmm.data.augmentations.random_zoom import RandomZoom

__all__ = ["RandomColour", "RandomFlip", "RandomZoom"]
