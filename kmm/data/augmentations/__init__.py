"""Data steps for training: dict in, dict out, random only through the key they are given."""

from kmm.data.augmentations.random_color import RandomColor
from kmm.data.augmentations.random_flip import RandomFlip
from kmm.data.augmentations.random_patch_masking import RandomPatchMasking
from kmm.data.augmentations.random_zoom import RandomZoom

__all__ = ["RandomColor", "RandomFlip", "RandomPatchMasking", "RandomZoom"]
