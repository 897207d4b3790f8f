"""Encoders: a photograph becomes a pyramid of feature maps, words become a sequence of vectors."""

from kmm.encoders.application_image_encoder import ApplicationImageEncoder
from kmm.encoders.conv_image_encoder import ConvImageEncoder
from kmm.encoders.gru_text_encoder import GRUTextEncoder
from kmm.encoders.keras_hub_image_encoder import KerasHubImageEncoder
from kmm.encoders.keras_hub_text_encoder import KerasHubTextEncoder
from kmm.encoders.load_word_vectors import load_word_vectors
from kmm.encoders.lstm_text_encoder import LSTMTextEncoder
from kmm.encoders.pooled_text_encoder import PooledTextEncoder
from kmm.encoders.saved_model_image_encoder import SavedModelImageEncoder
from kmm.encoders.saved_model_text_encoder import SavedModelTextEncoder
from kmm.encoders.transformer_image_encoder import TransformerImageEncoder
from kmm.encoders.transformer_text_encoder import TransformerTextEncoder

__all__ = [
    "ApplicationImageEncoder",
    "ConvImageEncoder",
    "GRUTextEncoder",
    "KerasHubImageEncoder",
    "KerasHubTextEncoder",
    "LSTMTextEncoder",
    "PooledTextEncoder",
    "SavedModelImageEncoder",
    "SavedModelTextEncoder",
    "TransformerImageEncoder",
    "TransformerTextEncoder",
    "load_word_vectors",
]
