"""Whole models: the assembly and the builders."""

from kmm.models.builders import classic_fcn, referring_segmenter, text_guided_segmenter, vgg16_bert
from kmm.models.decision_fusion import DecisionFusion
from kmm.models.multimodal_model import MultimodalModel
from kmm.models.presets import build_preset, find_preset, presets
from kmm.models.segmenter import segmenter

__all__ = [
    "DecisionFusion",
    "MultimodalModel",
    "build_preset",
    "classic_fcn",
    "find_preset",
    "presets",
    "referring_segmenter",
    "segmenter",
    "text_guided_segmenter",
    "vgg16_bert",
]
