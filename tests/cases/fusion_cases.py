"""The components of `kmm.fusion` that every check is run on."""

from kmm import fusion
from kmm.testing import ComponentCase
from tests.cases.shared import CONTEXT

CASES = [
    ComponentCase(fusion.ConcatFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.ConcatFusion, {"filters": 8, "coordinates": True}, CONTEXT, "coordinates"),
    ComponentCase(fusion.CrossAttentionFusion, {"filters": 8, "num_heads": 2, "dropout": 0.1}, CONTEXT),
    ComponentCase(fusion.ReasoningFusion, {"filters": 8, "num_steps": 2}, CONTEXT, needs_known_sizes=True),
]
