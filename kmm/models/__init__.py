"""Whole models: the assembly and the builders."""

from kmm.models.builders import classic_fcn, referring_segmenter, text_guided_segmenter
from kmm.models.multimodal_model import MultimodalModel
from kmm.models.presets import build_preset, find_preset, presets
from kmm.models.segmenter import segmenter

__all__ = [
    "MultimodalModel",
    "build_preset",
    "classic_fcn",
    "find_preset",
    "presets",
    "referring_segmenter",
    "segmenter",
    "text_guided_segmenter",
]
