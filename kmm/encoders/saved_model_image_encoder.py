"""A pretrained backbone from a SavedModel."""

import keras
from keras import ops

from kmm import feature_keys
from kmm.layers import SavedModelLayer
from kmm.utils.functional_model import FunctionalModel

_LEVELS = {2**number: f"P{number}" for number in range(1, 7)}


@keras.saving.register_keras_serializable(package="kmm")
class SavedModelImageEncoder(FunctionalModel):
    """A backbone from TF-Hub, or any reusable SavedModel of pictures, that fine-tunes.

    What the module gives becomes the pyramid: a map is the level that its size says, such as P4 for a sixteenth of the
    picture; of a dict with several maps (often by `arguments={"return_endpoints": True}`) each is a level; a vector
    alone is repeated over one level and tells what is there, not where. See `kmm.layers.SavedModelLayer` for how it
    trains, is saved and is loaded (`safe_mode=False`). With `trainable = False` its statistics stay too.

    Args:
        source: the folder of a SavedModel, a handle "https://..." that tensorflow_hub resolves, what
            `tf.saved_model.load` returned, or a `kmm.layers.SavedModelLayer`.
        image_size: `(height, width)` of the pictures in pixels.
        levels: the levels to give, such as `("P3", "P4")`; `None` for all. A vector becomes the one level given here,
            or the deepest up to P5 whose stride divides the picture.
        taps: a dict from level to the name of the module's output, where several outputs are of one size.
        value_range: the pixel values that the module was made for, `(0, 1)` or `(-1, 1)` or `(0, 255)`.
        arguments: further arguments of the module's call, by name.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        images: `(batch, height, width, 3)`, values in [0, 255] of any dtype; rescaled inside.

    Output shape:
        A dict from level to `(batch, height / 2**n, width / 2**n, channels)`.

    Raises:
        TypeError, FileNotFoundError, ImportError, ConnectionError: if the source does not lead to a SavedModel.
        ValueError: if the module does not take such pictures, gives no such level, or several outputs for one.

    Example:

    >>> import kmm, numpy as np, tensorflow as tf
    >>> module = tf.train.Checkpoint(kernel=tf.Variable(tf.ones((8, 8, 3, 5))))
    >>> module.variables = module.trainable_variables = [module.kernel]
    >>> module.__call__ = tf.function(
    ...     lambda x: tf.nn.conv2d(x, module.kernel, 8, "SAME"), input_signature=[tf.TensorSpec((None, None, None, 3))]
    ... )
    >>> encoder = kmm.encoders.SavedModelImageEncoder(module, image_size=(32, 64))
    >>> {level: tuple(map.shape) for level, map in encoder(np.zeros((1, 32, 64, 3), "uint8")).items()}
    {'P3': (1, 4, 8, 5)}
    """

    def __init__(
        self,
        source,
        image_size,
        levels=None,
        taps=None,
        value_range=(0.0, 1.0),
        arguments=None,
        dtype=None,
        **kwargs,
    ):
        image_size, value_range = tuple(image_size), tuple(value_range)
        _check(image_size, value_range)

        # parts
        low, high = value_range
        rescale = keras.layers.Rescaling((high - low) / 255.0, offset=low, name="rescale", dtype="float32")
        backbone = _make_backbone(source, arguments, dtype, kwargs.get("trainable", True))

        # graph
        images = keras.Input((*image_size, 3), name=feature_keys.IMAGES, dtype="float32")
        outputs = {"/".join(map(str, path)): x for path, x in keras.tree.flatten_with_path(backbone(rescale(images)))}
        chosen = _choose(outputs, image_size, levels, taps)
        compute_dtype = keras.dtype_policies.get(dtype).compute_dtype
        features = {
            level: ops.cast(_as_map(outputs[name], level, image_size), compute_dtype) for level, name in chosen.items()
        }
        super().__init__(inputs=images, outputs=features, dtype=dtype, **kwargs)

        # config
        self.backbone = backbone
        self.image_size, self.value_range = image_size, value_range
        self.levels, self.taps = levels and tuple(levels), taps and dict(taps)
        self.arguments = dict(backbone.arguments)
        self.pyramid_levels = tuple(features)

    def get_config(self):
        """The constructor's arguments, the SavedModel as a layer."""
        return {
            **super().get_config(),
            "source": keras.saving.serialize_keras_object(self.backbone),
            "image_size": self.image_size,
            "levels": self.levels,
            "taps": self.taps and dict(self.taps),
            "value_range": self.value_range,
            "arguments": dict(self.arguments),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the layer, then the model."""
        # Inside a loading function its own safe mode counts, not this one.
        revived = keras.saving.deserialize_keras_object(config["source"], custom_objects, safe_mode=False)
        return super().from_config({**config, "source": revived})


def _make_backbone(source, arguments, dtype, trainable):
    if not isinstance(source, SavedModelLayer):
        return SavedModelLayer(source, arguments=arguments, name="backbone", dtype=dtype, trainable=trainable)
    if arguments is not None and dict(arguments) != source.arguments:
        raise ValueError(
            "A SavedModelLayer brings its own arguments of the call. "
            f"Received: arguments={arguments}, source.arguments={source.arguments}. Give them to the layer alone."
        )
    return source


def _choose(outputs, image_size, levels, taps):
    """Which output becomes which level: a dict in the order of the pyramid."""
    given = {}  # level: names of outputs
    for name, output in sorted(outputs.items()):
        if (level := _level_of(output, image_size)) is not None:
            given.setdefault(level, []).append(name)
    vectors = [name for name, output in sorted(outputs.items()) if len(output.shape) == 2]
    shapes = {name: tuple(output.shape[1:]) for name, output in outputs.items()}
    for level, name in (taps or {}).items():
        if name not in given.get(level, ()):
            raise ValueError(
                f"A tap names an output of its level's size. Received: taps={taps}. At {image_size} pixels the module "
                f"gives {given}, of its outputs {shapes}."
            )
        given[level] = [name]
    if not given and len(vectors) > 1 and "default" in vectors:
        vectors = ["default"]
    if not given and len(vectors) == 1:
        fitting = _levels_of(image_size)
        level = (levels or fitting[-1:] or ("P1",))[0]
        if level in fitting and len(levels or (level,)) == 1:
            return {level: vectors[0]}
    wanted = sorted(levels or given)
    missing = [level for level in wanted if level not in given]
    if missing or not given:
        raise ValueError(
            f"The module must give the levels of the pyramid. Received: levels={levels}, without a map for {missing}. "
            f"At {image_size} pixels it gives {sorted(given)}, from outputs of the shapes {shapes}. A map's height and "
            "width must be those of the picture divided by 2, 4, ..., 64; often a picture whose sides are multiples "
            "of 32 is enough."
        )
    unclear = {level: given[level] for level in wanted if len(given[level]) > 1}
    if unclear:
        raise ValueError(
            f"Several outputs of the module are of one size. Received: {unclear}. "
            f"Say which with taps={ {level: names[-1] for level, names in unclear.items()} }, for instance."
        )
    return {level: given[level][0] for level in wanted}


def _level_of(output, image_size):
    """The level that a map of this size is, `None` if none."""
    if len(output.shape) != 4 or None in output.shape[1:]:
        return None
    strides = {side / size for side, size in zip(image_size, output.shape[1:3], strict=True)}
    return _LEVELS.get(strides.pop()) if len(strides) == 1 else None


def _levels_of(image_size):
    """The levels up to P5 whose stride divides the picture."""
    return [level for stride, level in _LEVELS.items() if stride <= 32 and not any(s % stride for s in image_size)]


def _as_map(output, level, image_size):
    """The output itself, or a vector at every place of the level."""
    if len(output.shape) == 4:
        return output
    height, width = (side // 2 ** int(level[1:]) for side in image_size)
    return ops.tile(output[:, None, None, :], (1, height, width, 1))


def _check(image_size, value_range):
    if len(image_size) != 2 or any(side < 1 for side in image_size):
        raise ValueError(f"An image size is (height, width) in pixels. Received: image_size={image_size}.")
    if len(value_range) != 2 or value_range[0] >= value_range[1]:
        raise ValueError(
            f"The module's pixel values run from a smaller to a larger one. Received: value_range={value_range}. "
            "Most modules take (0, 1) or (-1, 1)."
        )
