"""Hidden patches, so that words are worth reading."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys


@dataclasses.dataclass(frozen=True)
class RandomPatchMasking:
    """Paints patches of the picture grey; masks and words stay as they are.

    What a hidden patch shows can only be told from its surroundings and from the words, so a model that would otherwise
    ignore its words has a reason to read them.

    Reference: Chung et al., "MaskRIS: Semantic Distortion-aware Data Augmentation for Referring Image Segmentation",
    2024.

    Args:
        share: the largest share of patches that is hidden; each picture draws its own between 0 and this.
        grid: patches along each side of the picture.

    Raises:
        ValueError: if the share is not in [0, 1] or the grid is not positive.

    Example:

    >>> example = {"images": tf.zeros((8, 12, 3), "uint8")}
    >>> tuple(RandomPatchMasking(0.5, grid=4)(example, tf.constant([1, 2], "int64"))["images"].shape)
    (8, 12, 3)
    """

    share: float = 0.5
    grid: int = 8

    def __post_init__(self):
        if not 0 <= self.share <= 1 or self.grid < 1:
            raise ValueError(
                "A share lies in [0, 1] and a grid has at least one patch. "
                f"Received: share={self.share}, grid={self.grid}."
            )

    def __call__(self, example, key):
        """Hide patches of the picture; `key` is the int64 `(2,)` seed of this example."""
        images = example[feature_keys.IMAGES]
        draws = tf.random.stateless_uniform((self.grid**2 + 1,), key)
        hidden = tf.cast(tf.reshape(draws[1:] < self.share * draws[0], (self.grid, self.grid)), images.dtype)
        height, width, channels = tf.unstack(tf.shape(images))
        rows, columns = (tf.range(size) * self.grid // size for size in (height, width))
        hidden = tf.gather(tf.gather(hidden, tf.repeat(columns, channels), axis=1), rows, axis=0)
        hidden = tf.reshape(hidden, tf.shape(images))
        # three times as fast as tf.where
        return {**example, feature_keys.IMAGES: images * (1 - hidden) + 127 * hidden}
