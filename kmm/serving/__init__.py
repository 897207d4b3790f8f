"""Answering requests with an export, and asking a server: `kmm serve`, `Client`, and what runs them in production.

The modules imported here load nothing but the standard library, NumPy and Pillow at their top: neither TensorFlow nor
aiohttp nor grpc, so that a client needs none of them.
"""

from kmm.serving.answer import Answer
from kmm.serving.async_client import AsyncClient
from kmm.serving.client import Client
from kmm.serving.encoded_picture import EncodedPicture
from kmm.serving.measure_load import measure_load
from kmm.serving.model_server import ModelServer
from kmm.serving.plot_load import plot_load
from kmm.serving.serve import serve
from kmm.serving.serving_error import ServingError
from kmm.serving.write_serving_config import write_serving_config

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "EncodedPicture",
    "ModelServer",
    "ServingError",
    "measure_load",
    "plot_load",
    "serve",
    "write_serving_config",
]
