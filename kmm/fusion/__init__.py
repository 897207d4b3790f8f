"""Fusions: the context enters the picture."""

from kmm.fusion.concat_fusion import ConcatFusion
from kmm.fusion.cross_attention_fusion import CrossAttentionFusion
from kmm.fusion.fusion import Fusion
from kmm.fusion.reasoning_fusion import ReasoningFusion

__all__ = ["ConcatFusion", "CrossAttentionFusion", "Fusion", "ReasoningFusion"]
