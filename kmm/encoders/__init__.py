"""Encoders: a photograph becomes a pyramid of feature maps, words become a sequence of vectors."""

from kmm.encoders.conv_image_encoder import ConvImageEncoder
from kmm.encoders.lstm_text_encoder import LSTMTextEncoder

__all__ = ["ConvImageEncoder", "LSTMTextEncoder"]
