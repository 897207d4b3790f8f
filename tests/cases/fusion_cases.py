"""The components of `kmm.fusion` that every check is run on."""

from kmm import fusion
from kmm.testing import ComponentCase
from tests.cases.shared import CONTEXT

CASES = [
    ComponentCase(fusion.AverageFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.BilinearFusion, {"filters": 8, "rank": 12}, CONTEXT),
    ComponentCase(fusion.BilinearFusion, {"filters": 8, "activation": "linear"}, CONTEXT, "linear"),
    ComponentCase(fusion.DynamicConvFusion, {"filters": 8, "num_kernels": 4}, CONTEXT),
    ComponentCase(fusion.FiLMFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.GatedFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.SumFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.WeightedSumFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.WeightedSumFusion, {"filters": 8, "activation": "gelu"}, CONTEXT, "gelu"),
    ComponentCase(fusion.ConcatFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.CoAttentionFusion, {"filters": 8, "num_heads": 2}, CONTEXT),
    ComponentCase(fusion.ConcatFusion, {"filters": 8, "coordinates": True}, CONTEXT, "coordinates"),
    ComponentCase(fusion.ConcatFusion, {"filters": 8, "normalize": True}, CONTEXT, "normalize"),
    ComponentCase(fusion.CrossAttentionFusion, {"filters": 8, "num_heads": 2, "dropout": 0.1}, CONTEXT),
    ComponentCase(fusion.ReasoningFusion, {"filters": 8, "num_steps": 2}, CONTEXT, needs_known_sizes=True),
    ComponentCase(fusion.RecurrentFusion, {"filters": 8, "units": 6}, CONTEXT),
    ComponentCase(fusion.SelfAttentionFusion, {"filters": 8, "num_heads": 2, "num_layers": 2, "dropout": 0.1}, CONTEXT),
]
