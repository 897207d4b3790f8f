"""The backbones of keras-hub as pyramids."""

import keras
from keras import ops

from kmm import feature_keys
from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm")
class KerasHubImageEncoder(FunctionalModel):
    """A keras-hub backbone that gives a pyramid, such as ResNet, MiT, CSPNet, DenseNet or EfficientNet.

    You make the backbone, with weights of your choice: `keras_hub.models.ResNetBackbone(...)`, or its `from_preset`,
    which downloads. Needs keras-hub: `pip install "kmm[kerashub]"`.

    Args:
        backbone: a keras-hub backbone with `pyramid_outputs`, taking pictures of any size or of `image_size` (MiT
            square ones only). Its own dtype policy counts.
        image_size: `(height, width)` of the pictures in pixels, divisible by the stride of the deepest level.
        levels: the levels to give; `None` for all of the backbone's.
        scale, offset: what pixel values are multiplied by and what is then added, a number or one for each of red,
            green and blue, as the backbone's keras-hub image converter names them.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        images: `(batch, height, width, 3)`, values in [0, 255] of any dtype.

    Output shape:
        A dict from each of `levels` to `(batch, height / 2**n, width / 2**n, channels)`.

    Raises:
        TypeError: if the backbone has no `pyramid_outputs`, or none whose stride is a power of two.
        ValueError: if the image size does not fit, or the backbone does not give a level.
        ImportError: if a saved encoder is loaded where keras-hub is missing.

    Example:

    >>> import kmm, keras_hub, numpy as np  # doctest: +SKIP
    >>> backbone = keras_hub.models.ResNetBackbone.from_preset("resnet_18_imagenet")  # doctest: +SKIP
    >>> encoder = kmm.encoders.KerasHubImageEncoder(backbone, (64, 64))  # doctest: +SKIP
    >>> tuple(encoder(np.zeros((1, 64, 64, 3), "uint8"))["P5"].shape)  # doctest: +SKIP
    (1, 2, 2, 512)
    """

    def __init__(self, backbone, image_size, levels=None, scale=1 / 255, offset=0.0, dtype=None, **kwargs):
        image_size = tuple(image_size)
        maps = _pyramid(backbone)
        given = tuple(sorted(maps, key=lambda level: int(level[1:])))
        levels = given if levels is None else tuple(levels)
        _check(image_size, levels, given)

        # parts
        net = keras.Model(backbone.input, {level: maps[level] for level in levels}, name="backbone")
        net.dtype_policy = keras.dtype_policies.get("float32")  # pixels reach its first layer as they are

        # graph
        images = keras.Input((*image_size, 3), name=feature_keys.IMAGES, dtype="float32")
        scaled = images * ops.convert_to_tensor(scale, "float32") + ops.convert_to_tensor(offset, "float32")
        features = net(scaled)
        super().__init__(inputs=images, outputs=features, dtype=dtype, **kwargs)

        # config
        self._backbone_config = keras.saving.serialize_keras_object(backbone)
        self.image_size, self.levels, self.scale, self.offset = image_size, levels, scale, offset
        self.pyramid_levels = levels

    def get_config(self):
        """The constructor's arguments, the backbone serialised."""
        return {
            **super().get_config(),
            "backbone": self._backbone_config,
            "image_size": self.image_size,
            "levels": self.levels,
            "scale": self.scale,
            "offset": self.offset,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the backbone, then the encoder."""
        if str(config["backbone"]["registered_name"]).startswith("keras_hub>"):
            try:
                import keras_hub  # noqa: F401  (registers its classes)
            except ImportError as error:
                raise ImportError('This encoder needs keras-hub. Install it: pip install "kmm[kerashub]".') from error
        backbone = keras.saving.deserialize_keras_object(config["backbone"], custom_objects=custom_objects)
        return super().from_config({**config, "backbone": backbone}, custom_objects)


def _pyramid(backbone):
    """The backbone's maps by level. Their strides decide: what keras-hub's MiT calls P1 has stride 4, so is P2."""
    outputs = getattr(backbone, "pyramid_outputs", None) or {}
    maps, shapes = {}, {}
    if outputs:
        size = backbone.input.shape[1:3]
        size = (256, 256) if None in size else size
        shapes = keras.Model(backbone.input, outputs).compute_output_shape((1, *size, 3))
    for name, shape in shapes.items():
        for level in range(1, 8):
            if tuple(side * 2**level for side in shape[1:3]) == tuple(size):
                maps[f"P{level}"] = outputs[name]
    if not maps:
        raise TypeError(
            "A backbone must give maps of strides such as 4, 8 and 16, as keras_hub.models.ResNetBackbone does by "
            f"`pyramid_outputs`. Received: backbone={type(backbone).__name__}, pyramid_outputs={outputs}."
        )
    return maps


def _check(image_size, levels, given):
    """Refuse levels and sizes that do not fit."""
    if not levels or [level for level in given if level in levels] != list(levels):
        raise ValueError(f"Levels are some of the backbone's {given}, finest first. Received: levels={levels}.")
    stride = 2 ** int(levels[-1][1:])
    if len(image_size) != 2 or any(side % stride or side <= 0 for side in image_size):
        nearest = tuple(max(1, round(side / stride)) * stride for side in image_size)
        raise ValueError(
            f"An image size is (height, width), both multiples of {stride}, the stride of {levels[-1]}. "
            f"Received: image_size={image_size}. The nearest that fits is {nearest}."
        )
