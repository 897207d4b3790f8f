"""Data: sources of photographs, words and masks, and the pipeline that feeds `model.fit`."""

from kmm.data.augmentations import RandomColor, RandomFlip, RandomPatchMasking, RandomZoom
from kmm.data.build_dataset import build_dataset
from kmm.data.class_list import ClassList
from kmm.data.class_mask_folder import ClassMaskFolder
from kmm.data.example import Example, Source
from kmm.data.shapes import ShapesSource

__all__ = [
    "ClassList",
    "ClassMaskFolder",
    "Example",
    "RandomColor",
    "RandomFlip",
    "RandomPatchMasking",
    "RandomZoom",
    "ShapesSource",
    "Source",
    "build_dataset",
]
