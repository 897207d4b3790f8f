"""Data steps for training: dict in, dict out, random only through the key they are given."""

from kmm.data.augmentations.crop import Crop
from kmm.data.augmentations.fixed_crop import FixedCrop
from kmm.data.augmentations.random_affine import RandomAffine
from kmm.data.augmentations.random_blur import RandomBlur
from kmm.data.augmentations.random_color import RandomColor
from kmm.data.augmentations.random_crop import RandomCrop
from kmm.data.augmentations.random_erasing import RandomErasing
from kmm.data.augmentations.random_flip import RandomFlip
from kmm.data.augmentations.random_noise import RandomNoise
from kmm.data.augmentations.random_patch_masking import RandomPatchMasking
from kmm.data.augmentations.random_quarter_turn import RandomQuarterTurn
from kmm.data.augmentations.random_vertical_flip import RandomVerticalFlip
from kmm.data.augmentations.random_zoom import RandomZoom
from kmm.data.augmentations.word_dropout import WordDropout

__all__ = [
    "Crop",
    "FixedCrop",
    "RandomAffine",
    "RandomBlur",
    "RandomColor",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomNoise",
    "RandomPatchMasking",
    "RandomQuarterTurn",
    "RandomVerticalFlip",
    "RandomZoom",
    "WordDropout",
]
