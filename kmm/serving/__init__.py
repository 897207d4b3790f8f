"""Answering requests with an export, and asking a server: `kmm serve`, `Client`, and what runs them in production.

The modules imported here load nothing but the standard library, NumPy and Pillow at their top: neither TensorFlow nor
aiohttp nor grpc, so that a client needs none of them.
"""

from kmm.serving.client.answer import Answer
from kmm.serving.client.async_client import AsyncClient
from kmm.serving.client.client import Client
from kmm.serving.client.encoded_picture import EncodedPicture
from kmm.serving.client.serving_error import ServingError
from kmm.serving.deployment.write_serving_config import write_serving_config
from kmm.serving.load.measure_load import measure_load
from kmm.serving.load.plot_load import plot_load
from kmm.serving.server.model_server import ModelServer
from kmm.serving.server.serve import serve

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
