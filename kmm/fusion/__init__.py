"""Fusions: the context enters the picture."""

from kmm.fusion.average_fusion import AverageFusion
from kmm.fusion.bilinear_fusion import BilinearFusion
from kmm.fusion.co_attention_fusion import CoAttentionFusion
from kmm.fusion.concat_fusion import ConcatFusion
from kmm.fusion.cross_attention_fusion import CrossAttentionFusion
from kmm.fusion.dynamic_conv_fusion import DynamicConvFusion
from kmm.fusion.film_fusion import FiLMFusion
from kmm.fusion.fusion import Fusion
from kmm.fusion.gated_fusion import GatedFusion
from kmm.fusion.reasoning_fusion import ReasoningFusion
from kmm.fusion.recurrent_fusion import RecurrentFusion
from kmm.fusion.self_attention_fusion import SelfAttentionFusion
from kmm.fusion.sum_fusion import SumFusion
from kmm.fusion.weighted_sum_fusion import WeightedSumFusion

__all__ = [
    "AverageFusion",
    "BilinearFusion",
    "CoAttentionFusion",
    "ConcatFusion",
    "CrossAttentionFusion",
    "DynamicConvFusion",
    "FiLMFusion",
    "Fusion",
    "GatedFusion",
    "ReasoningFusion",
    "RecurrentFusion",
    "SelfAttentionFusion",
    "SumFusion",
    "WeightedSumFusion",
]
