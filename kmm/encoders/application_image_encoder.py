"""The nets of keras.applications as pyramids."""

import inspect
import pathlib
import re
import sys
import warnings

import keras

from kmm import feature_keys
from kmm.layers import FusedBatchNormalization
from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm")
class ApplicationImageEncoder(FunctionalModel):
    """A net of `keras.applications`, such as VGG16 or ResNet50, tapped at several strides.

    For starting from weights trained on ImageNet, or for comparing with the literature. The tap of level `Pn` is the
    net's last map of stride `2**n`, and the deepest level ends in the net's last layer. The net's own rule for pixel
    values is part of the graph. Batch normalisation is fused and gets a `momentum` of its own: the nets come with one
    of up to 0.999, at which the statistics hardly follow a short fine-tuning. With `encoder.trainable = False` weights
    and statistics stay as they are.

    References: Simonyan and Zisserman, "Very Deep Convolutional Networks" (VGG), 2015; He et al., "Deep Residual
    Learning", 2016; Sandler et al., "MobileNetV2", 2018; Howard et al., "Searching for MobileNetV3", 2019; Tan and Le,
    "EfficientNetV2", 2021; Liu et al., "A ConvNet for the 2020s" (ConvNeXt), 2022.

    Args:
        application: the name of a function of `keras.applications`, such as "VGG16", "ResNet50", "MobileNetV2",
            "MobileNetV3Small", "EfficientNetV2B0" or "ConvNeXtTiny".
        image_size: `(height, width)` of the pictures in pixels, at least 32 each, divisible by the stride of the
            deepest level.
        levels: the levels to give, of P1 to P5.
        weights: `None` for random ones; "imagenet", which downloads them; or the path of a `.weights.h5` file of the
            net without its top. They are read by this constructor alone: a saved encoder brings its own.
        momentum: weight of the old value in the moving averages of batch normalisation.
        options: a dict of further arguments of the application, such as `{"alpha": 0.35}` of MobileNetV2.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        images: `(batch, height, width, 3)`, values in [0, 255] of any dtype; scaled inside as the net expects it.

    Output shape:
        A dict from each of `levels` to `(batch, height / 2**n, width / 2**n, channels)`.

    Raises:
        ValueError: if there is no such application, the image size does not fit, the net has no map at a level, or the
            file does not hold the net's weights.
        FileNotFoundError: if there is no such file.
        ConnectionError: if "imagenet" cannot be downloaded.

    Example:

    >>> import kmm, numpy as np
    >>> encoder = kmm.encoders.ApplicationImageEncoder("MobileNet", (32, 64), options={"alpha": 0.25})
    >>> features = encoder(np.zeros((1, 32, 64, 3), "uint8"))
    >>> {level: tuple(map.shape) for level, map in features.items()}["P4"]
    (1, 2, 4, 128)
    """

    def __init__(
        self,
        application,
        image_size,
        levels=("P2", "P3", "P4", "P5"),
        weights=None,
        momentum=0.9,
        options=None,
        dtype=None,
        **kwargs,
    ):
        image_size, levels, options = tuple(image_size), tuple(levels), dict(options or {})
        weights = None if weights is None else str(weights)
        function = _find(application, options)
        _check(image_size, levels)

        # parts
        source = _load(function, weights, input_shape=(*image_size, 3), **options)
        net = _restyle(source, momentum, dtype)
        net.set_weights(source.get_weights())
        taps = _taps(net, application, image_size, levels)

        # graph
        images = keras.Input((*image_size, 3), name=feature_keys.IMAGES, dtype="float32")
        scaled = sys.modules[function.__module__].preprocess_input(images)
        net = keras.Model(net.input, taps, name="net")
        net.dtype_policy = keras.dtype_policies.get("float32")  # pixels reach its first layer as they are
        super().__init__(inputs=images, outputs=net(scaled), dtype=dtype, **kwargs)

        # config
        self.application, self.image_size, self.levels = application, image_size, levels
        self.pretrained, self.momentum, self.options = weights, momentum, options
        self.pyramid_levels = levels

    def get_config(self):
        """The constructor's arguments; `weights` as a record of what training began with."""
        return {
            **super().get_config(),
            "application": self.application,
            "image_size": self.image_size,
            "levels": self.levels,
            "weights": self.pretrained,
            "momentum": self.momentum,
            "options": self.options,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the net without reading or downloading the weights it began with."""
        encoder = super().from_config({**config, "weights": None}, custom_objects)
        encoder.pretrained = config["weights"]
        return encoder


_OWN = ("include_top", "include_preprocessing", "weights", "input_tensor", "input_shape", "pooling", "classes",
        "classifier_activation", "name")  # fmt: skip


def _find(application, options):
    """The function of keras.applications."""
    functions = dict(inspect.getmembers(keras.applications, inspect.isfunction))
    if application not in functions:
        raise ValueError(
            f"An application is one of {sorted(functions)}. Received: application={application!r}. "
            "Wrap other nets by an encoder of your own or kmm.encoders.KerasHubImageEncoder."
        )
    known = [name for name in inspect.signature(functions[application]).parameters if name not in _OWN]
    if set(options) - set(known):
        raise ValueError(f"The options of {application} are {known}. Received: options={options}.")
    return functions[application]


def _check(image_size, levels):
    """Refuse sizes and levels that no net gives."""
    known = ("P1", "P2", "P3", "P4", "P5")
    if not levels or [level for level in known if level in levels] != list(levels):
        raise ValueError(f"Levels are some of {known}, finest first. Received: levels={levels}.")
    stride = 2 ** int(levels[-1][1:])
    if len(image_size) != 2 or any(side % stride or side < 32 for side in image_size):
        nearest = tuple(max(-(-32 // stride), round(side / stride)) * stride for side in image_size)
        raise ValueError(
            f"An image size is (height, width), both at least 32 and multiples of {stride}, the stride of "
            f"{levels[-1]}. Received: image_size={image_size}. The nearest that fits is {nearest}."
        )


def _load(function, weights, **arguments):
    """The net as keras.applications makes it."""
    name = function.__name__
    if weights not in (None, "imagenet") and not pathlib.Path(weights).is_file():
        raise FileNotFoundError(
            f'weights is None, "imagenet" or the path of a .weights.h5 file. Received: weights={weights!r}.'
        )
    with warnings.catch_warnings():
        if weights == "imagenet":
            warnings.simplefilter("ignore")  # weights of convolutions fit any picture size
            try:
                return function(include_top=False, weights=weights, **arguments)
            except ValueError:
                raise  # such as an alpha without trained weights
            except Exception as error:  # keras.utils.get_file raises no kind of its own
                raise ConnectionError(
                    f"The ImageNet weights of {name} could not be downloaded. Received: weights={weights!r} ({error}). "
                    "Give the path of a .weights.h5 file instead, or None for random weights."
                ) from error
        net = function(include_top=False, weights=None, **arguments)
        warnings.simplefilter("error", UserWarning)  # Keras only warns of layers that the file does not hold
        try:
            if weights is not None:
                net.load_weights(weights)
        except (ValueError, OSError, UserWarning) as error:
            raise ValueError(
                f"The weights must be those of {name} without its top, made with the same options. "
                f"Received: weights={weights!r} ({error})."
            ) from error
    return net


def _restyle(net, momentum, dtype):
    """The net under another precision, with fused batch normalisation, and with names that no counter made."""
    counts = {}

    def clone(layer):
        if not isinstance(layer, keras.Layer):
            return layer  # an operation such as a sum has no weights
        config = layer.get_config()
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
        if re.fullmatch(rf"{kind}(_\d+)?", layer.name):
            counts[kind] = counts.get(kind, 0) + 1
            config["name"] = f"{kind}_{counts[kind]}"
        for_pixels = isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization))
        config["dtype"] = "float32" if for_pixels else dtype or keras.config.dtype_policy()
        if isinstance(layer, keras.layers.BatchNormalization):
            config["momentum"] = momentum
            if layer.scale and layer.center and layer.axis in (-1, 3):
                kept = ("name", "trainable", "dtype", "momentum", "epsilon")
                return FusedBatchNormalization(**{key: config[key] for key in kept})
        return type(layer).from_config(config)

    def call(layer, *inputs, **options):
        options.pop("mask", None)  # the plain batch normalisation was called with one
        return layer(*inputs, **options)

    return keras.models.clone_model(net, clone_function=clone, call_function=call, recursive=True)


def _taps(net, application, image_size, levels):
    """The last map of each level's stride."""
    found = {}
    for layer in net.layers:
        shape = () if isinstance(layer.output, list) else layer.output.shape
        if len(shape) == 4 and not isinstance(layer, (keras.layers.ZeroPadding2D, keras.layers.InputLayer)):
            for level in ("P1", "P2", "P3", "P4", "P5"):
                if tuple(side * 2 ** int(level[1]) for side in shape[1:3]) == image_size:
                    found[level] = layer.output
    missing = [level for level in levels if level not in found]
    if missing:
        raise ValueError(
            f"{application} gives no map at the levels {missing} for pictures of this size. Received: levels={levels}, "
            f"image_size={image_size}. It gives {tuple(sorted(found))}."
        )
    return {level: found[level] for level in levels}
