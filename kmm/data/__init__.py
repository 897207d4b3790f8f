"""Data: sources of photographs, words and masks, and the pipeline that feeds `model.fit`."""

from kmm.data.augmentations import (
    Crop,
    FixedCrop,
    RandomAffine,
    RandomBlur,
    RandomColor,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomNoise,
    RandomPatchMasking,
    RandomQuarterTurn,
    RandomVerticalFlip,
    RandomZoom,
    WordDropout,
)
from kmm.data.build_dataset import build_dataset
from kmm.data.cached_record_source import CachedRecordSource
from kmm.data.check_source import check_source
from kmm.data.class_list import ClassList
from kmm.data.class_mask_folder import ClassMaskFolder
from kmm.data.class_mask_source import ClassMaskSource
from kmm.data.data_report import DataReport
from kmm.data.example import Example, Source
from kmm.data.file_source import FileSource
from kmm.data.from_class_masks import from_class_masks
from kmm.data.from_coco import from_coco
from kmm.data.from_csv import from_csv
from kmm.data.from_folders import from_folders
from kmm.data.from_jsonl import from_jsonl
from kmm.data.from_records import from_records
from kmm.data.from_tfds import from_tfds
from kmm.data.letterbox import Letterbox
from kmm.data.mixture import Mixture
from kmm.data.one_prompt_each import OnePromptEach
from kmm.data.record import Record
from kmm.data.record_source import RecordSource
from kmm.data.shapes import ShapesSource
from kmm.data.skip_bad import skip_bad
from kmm.data.source_wrapper import SourceWrapper
from kmm.data.weighted import Weighted
from kmm.data.with_negatives import WithNegatives
from kmm.data.without_modality import WithoutModality

__all__ = [
    "CachedRecordSource",
    "ClassList",
    "ClassMaskFolder",
    "ClassMaskSource",
    "Crop",
    "DataReport",
    "Example",
    "FileSource",
    "FixedCrop",
    "Letterbox",
    "Mixture",
    "OnePromptEach",
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
    "Record",
    "RecordSource",
    "ShapesSource",
    "Source",
    "SourceWrapper",
    "Weighted",
    "WithNegatives",
    "WithoutModality",
    "WordDropout",
    "build_dataset",
    "check_source",
    "from_class_masks",
    "from_coco",
    "from_csv",
    "from_folders",
    "from_jsonl",
    "from_records",
    "from_tfds",
    "skip_bad",
]
