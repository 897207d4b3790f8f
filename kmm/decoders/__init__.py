"""Decoders: a pyramid becomes one map."""

from kmm.decoders.decoder import Decoder
from kmm.decoders.fcn_decoder import FCNDecoder

__all__ = ["Decoder", "FCNDecoder"]
