"""A small hierarchical Transformer."""

import keras

from kmm import feature_keys
from kmm.layers import MixTransformerBlock
from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm")
class TransformerImageEncoder(FunctionalModel):
    """A pyramid of Transformer blocks trained from scratch: SegFormer's mix transformer.

    Level `Pn` has stride `2**n`. Overlapping patches are embedded by a convolution (7 x 7 with stride 4 for P2, 3 x 3
    with stride 2 for each further level), then blocks let every cell attend to the whole picture. Use it where things
    far apart explain each other; from few pictures a `ConvImageEncoder` learns faster. The paper's smallest net is
    `widths=(32, 64, 160, 256), blocks=2, num_heads=(1, 2, 5, 8)`.

    Reference: Xie et al., "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers", 2021.

    Args:
        image_size: `(height, width)` of the pictures in pixels, divisible by the largest stride, `2 * 2**len(widths)`.
        widths: channels of the levels P2, P3, ...
        blocks: Transformer blocks at each level: one number, or one for each level.
        num_heads: attention heads, one number for each level that divides its width.
        reductions: for each level the side of the squares that attention sees as one cell.
        dropout: dropout of the attention weights and of the blocks' updates in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        images: `(batch, height, width, 3)`, values in [0, 255] of any dtype; rescaled inside.

    Output shape:
        A dict with `"P2"`, `"P3"`, ...: `(batch, height / 2**n, width / 2**n, widths[n - 2])`.

    Raises:
        ValueError: if the image size does not fit the stride, the arguments are not as many as the levels, or a width
            is not divisible by its number of heads.

    Example:

    >>> import kmm, numpy as np
    >>> encoder = kmm.encoders.TransformerImageEncoder(image_size=(64, 64), widths=(8, 16), num_heads=(1, 2),
    ...     reductions=(4, 2))
    >>> features = encoder(np.zeros((1, 64, 64, 3), "uint8"))
    >>> {level: tuple(map.shape) for level, map in features.items()}
    {'P2': (1, 16, 16, 8), 'P3': (1, 8, 8, 16)}
    """

    def __init__(
        self,
        image_size,
        widths=(32, 64, 128, 192),
        blocks=1,
        num_heads=(1, 2, 4, 6),
        reductions=(8, 4, 2, 1),
        dropout=0.0,
        dtype=None,
        **kwargs,
    ):
        widths, num_heads, reductions = tuple(widths), tuple(num_heads), tuple(reductions)
        blocks_of_levels = tuple(blocks) if isinstance(blocks, (tuple, list)) else (blocks,) * len(widths)
        _check(tuple(image_size), widths, blocks_of_levels, num_heads, reductions)

        # parts
        rescale = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale", dtype=dtype)
        stages = []
        for level, (width, count) in enumerate(zip(widths, blocks_of_levels, strict=True), start=2):
            kernel_size, strides = (7, 4) if level == 2 else (3, 2)
            embed = keras.layers.Conv2D(
                width, kernel_size, strides, padding="same", name=f"p{level}_embed", dtype=dtype
            )
            stage = [embed, keras.layers.LayerNormalization(epsilon=1e-6, name=f"p{level}_embed_norm", dtype=dtype)]
            options = {"num_heads": num_heads[level - 2], "reduction": reductions[level - 2], "dropout": dropout}
            for i in range(count):
                stage.append(MixTransformerBlock(name=f"p{level}_block{i + 1}", dtype=dtype, **options))
            stage.append(keras.layers.LayerNormalization(epsilon=1e-6, name=f"p{level}_norm", dtype=dtype))
            stages.append(stage)

        # graph
        images = keras.Input((*image_size, 3), name=feature_keys.IMAGES, dtype="float32")
        x = rescale(images)
        features = {}
        for level, stage in enumerate(stages, start=2):
            for layer in stage:
                x = layer(x)
            features[f"P{level}"] = x
        super().__init__(inputs=images, outputs=features, dtype=dtype, **kwargs)

        # config
        self.image_size = tuple(image_size)
        self.widths, self.blocks, self.num_heads, self.reductions = widths, blocks, num_heads, reductions
        self.dropout = dropout
        self.pyramid_levels = tuple(features)

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "widths": self.widths,
            "blocks": self.blocks,
            "num_heads": self.num_heads,
            "reductions": self.reductions,
            "dropout": self.dropout,
        }


def _check(image_size, widths, blocks, num_heads, reductions):
    """Refuse arguments that have no meaning."""
    if not widths or not len(widths) == len(blocks) == len(num_heads) == len(reductions):
        raise ValueError(
            "Every level needs a width, a number of blocks, a number of heads and a reduction. "
            f"Received: widths={widths}, blocks={blocks}, num_heads={num_heads}, reductions={reductions}."
        )
    if any(heads < 1 or width % heads for width, heads in zip(widths, num_heads, strict=True)):
        raise ValueError(
            f"Each width must be divisible by its number of heads. Received: widths={widths}, num_heads={num_heads}."
        )
    stride = 2 ** (len(widths) + 1)
    if len(image_size) != 2:
        raise ValueError(f"An image size is (height, width). Received: image_size={image_size}.")
    if any(side % stride or side <= 0 for side in image_size):
        nearest = tuple(max(stride, round(side / stride) * stride) for side in image_size)
        raise ValueError(
            f"Image height and width must be multiples of {stride}, the stride of P{len(widths) + 1}. "
            f"Received: image_size={image_size}. The nearest that fits is {nearest}."
        )
