"""Decoders: a pyramid becomes one map."""

from kmm.decoders.decoder import Decoder
from kmm.decoders.deep_lab_v3_plus_decoder import DeepLabV3PlusDecoder
from kmm.decoders.fcn_decoder import FCNDecoder
from kmm.decoders.fpn_decoder import FPNDecoder
from kmm.decoders.light_decoder import LightDecoder
from kmm.decoders.u_net_decoder import UNetDecoder

__all__ = ["DeepLabV3PlusDecoder", "Decoder", "FCNDecoder", "FPNDecoder", "LightDecoder", "UNetDecoder"]
