"""A small trainable convolutional image encoder."""

import keras

from kmm import feature_keys
from kmm.layers import ConvBlock, ResidualBlock
from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm")
class ConvImageEncoder(FunctionalModel):
    """A pyramid of convolutions trained from scratch.

    Level `Pn` has stride `2**n`. Each level halves the picture, then refines it by residual blocks. A net that learns
    from phrases finds shapes first and may throw colours and textures away on the way, long before it learns the words
    for them. With `image_shortcut` every level also carries what tells them: the picture itself, averaged to its size,
    and the responses of the first convolution, their mean and their maximum in each cell. The branch of
    the classic example (convolutions of 32, 64 and 128 filters, each followed by max pooling) is one configuration:
    `ConvImageEncoder(image_size, widths=(32, 64, 128), blocks=0, downsampling="max_pooling", normalization=False,
    image_shortcut=False)`.

    References: Mehta et al., "ESPNetv2", 2019 (the picture joins at every level); Malik and Perona, "Preattentive
    Texture Discrimination with Early Vision Mechanisms", 1990 (filter, rectify, pool).

    Args:
        image_size: `(height, width)` of the pictures in pixels, divisible by the largest stride, `2**len(widths)`.
        widths: channels of the levels P1, P2, ...; at least two. P1 is computed but not returned.
        blocks: residual blocks at each level, from P1 on: one number, or one for each level.
        downsampling: "convolution" (stride 2) or "max_pooling" (after a convolution of stride 1).
        normalization: batch normalisation after each convolution.
        image_shortcut: concatenate the averaged picture, 3 channels in [-1, 1], to every level, and from P2 on the mean
            and the maximum of the first convolution's responses, `2 * widths[0]` channels.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        images: `(batch, height, width, 3)`, values in [0, 255] of any dtype; rescaled inside.

    Output shape:
        A dict with `"P2"`, `"P3"`, ...: `(batch, height / 2**n, width / 2**n, widths[n - 1])`, with
        `3 + 2 * widths[0]` more channels if `image_shortcut`.

    Raises:
        ValueError: if the image size does not fit the stride, or an argument has no meaning.

    Example:

    >>> import kmm, numpy as np
    >>> encoder = kmm.encoders.ConvImageEncoder(image_size=(64, 64), widths=(8, 16, 24, 32, 32))
    >>> features = encoder(np.zeros((1, 64, 64, 3), "uint8"))
    >>> {level: tuple(map.shape) for level, map in features.items()}["P5"]
    (1, 2, 2, 51)
    """

    def __init__(
        self,
        image_size,
        widths=(32, 64, 128, 192, 256),
        blocks=1,
        downsampling="convolution",
        normalization=True,
        image_shortcut=True,
        dtype=None,
        **kwargs,
    ):
        widths = tuple(widths)
        blocks_of_levels = tuple(blocks) if isinstance(blocks, (tuple, list)) else (blocks,) * len(widths)
        _check(tuple(image_size), widths, blocks_of_levels, downsampling)

        # parts
        rescale = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale", dtype=dtype)
        options = {"normalization": normalization, "dtype": dtype}
        strides = 2 if downsampling == "convolution" else 1
        shrink = keras.layers.AveragePooling2D(2, name="shrink", dtype=dtype)
        peak = keras.layers.MaxPooling2D(2, name="peak", dtype=dtype)
        join = keras.layers.Concatenate(name="join", dtype=dtype)
        steps, refinements, pools = [], [], []
        for level, width in enumerate(widths, start=1):
            steps.append(ConvBlock(width, strides=strides, name=f"p{level}_step", **options))
            pools.append(keras.layers.MaxPooling2D(name=f"p{level}_pool", dtype=dtype) if strides == 1 else None)
        for level, count in enumerate(blocks_of_levels, start=1):
            refinements.append([ResidualBlock(name=f"p{level}_block{i + 1}", **options) for i in range(count)])

        # graph
        images = keras.Input((*image_size, 3), name=feature_keys.IMAGES, dtype="float32")
        x = rescale(images)
        means, peaks = [x], []  # what the shortcut carries from level to level
        features = {}
        for level, (step, pool, refinement) in enumerate(zip(steps, pools, refinements, strict=True), start=1):
            x = step(x)
            x = x if pool is None else pool(x)
            responses = x
            for block in refinement:
                x = block(x)
            if image_shortcut:
                means, peaks = [shrink(map) for map in means], [peak(map) for map in peaks]
                x = join([x, *means, *peaks])
            if level == 1:
                means, peaks = [*means, responses], [responses]
            features[f"P{level}"] = x
        del features["P1"]
        super().__init__(inputs=images, outputs=features, dtype=dtype, **kwargs)

        # config
        self.image_size = tuple(image_size)
        self.widths, self.blocks = widths, blocks
        self.downsampling, self.normalization, self.image_shortcut = downsampling, normalization, image_shortcut
        self.pyramid_levels = tuple(features)

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "widths": self.widths,
            "blocks": self.blocks,
            "downsampling": self.downsampling,
            "normalization": self.normalization,
            "image_shortcut": self.image_shortcut,
        }


def _check(image_size, widths, blocks, downsampling):
    """Refuse arguments that have no meaning."""
    if len(widths) < 2 or len(blocks) != len(widths):
        raise ValueError(
            "A pyramid needs at least two widths, for P1, P2, ..., and a number of blocks for each. "
            f"Received: widths={widths}, blocks={blocks}."
        )
    if downsampling not in ("convolution", "max_pooling"):
        raise ValueError(
            f"downsampling must be 'convolution' or 'max_pooling'. Received: downsampling={downsampling!r}."
        )
    stride = 2 ** len(widths)
    if len(image_size) != 2:
        raise ValueError(f"An image size is (height, width). Received: image_size={image_size}.")
    if any(side % stride or side <= 0 for side in image_size):
        nearest = tuple(max(stride, round(side / stride) * stride) for side in image_size)
        raise ValueError(
            f"Image height and width must be multiples of {stride}, the stride of P{len(widths)}. "
            f"Received: image_size={image_size}. The nearest that fits is {nearest}."
        )
