"""A photograph that a server has encoded."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class EncodedPicture:
    """What `Client.encode_image` gives and `Client.ask` takes: the features of a photograph, for all questions.

    The features belong to the version of the model that computed them; another version cannot read them. Keep the
    version fixed with `Client(version=...)` where versions change while a picture is asked about.

    Attributes:
        features: dict from the pyramid's levels, "P2" and so on, to float32 arrays `(1, height, width, channels)`.
        image_size: height and width of the upright photograph, in pixels.

    Example:

    >>> EncodedPicture({"P2": np.zeros((1, 4, 6, 8), "float32")}, (16, 24)).image_size
    (16, 24)
    """

    features: dict[str, np.ndarray]
    image_size: tuple[int, int]
