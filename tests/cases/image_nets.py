"""Nets for the image encoders that wrap others: a tiny pyramid, and a file of weights."""

import atexit
import pathlib
import shutil
import tempfile

import keras


@keras.saving.register_keras_serializable(package="tests")
class TinyPyramid(keras.Model):
    """What kmm reads of a keras-hub backbone: a functional model with `pyramid_outputs`."""

    def __init__(self, width=4, **kwargs):
        images = keras.Input((None, None, 3))
        x, maps = images, {}
        for level in range(1, 5):
            x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name=f"conv{level}")(x)
            maps[f"P{level}"] = x
        super().__init__(images, x, name=kwargs.get("name"))
        self.width, self.pyramid_outputs = width, maps

    def get_config(self):
        return {"name": self.name, "width": self.width}


def mobile_net_weights():
    """The path of a file with random weights of the smallest MobileNet, removed when Python ends."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = str(pathlib.Path(folder) / "mobile_net.weights.h5")
    net = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None)
    net.save_weights(path)
    return path
