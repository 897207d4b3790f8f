"""The contract that all decoders share."""

import keras


class Decoder(keras.layers.Layer):
    """Joins the levels of a pyramid into one map at the stride of the finest.

    Args:
        filters: channels of the output.
        levels: the levels it takes, such as `("P3", "P4", "P5")`; sorted from fine to coarse.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        features: a dict from level to map; levels that the decoder does not take are left alone.
        training: whether this is a training step.

    Output shape:
        `(batch, height, width, filters)` of the finest level.

    Raises:
        ValueError: if no level is given, or a level is missing in the features.
    """

    sums_levels = False
    """Whether levels are only ever added. Then one that no words enter may have one row for all prompts."""

    def __init__(self, filters, levels, **kwargs):
        super().__init__(**kwargs)
        levels = tuple(sorted(levels))
        if filters < 1 or not levels:
            raise ValueError(
                "A decoder needs at least one filter and one level. "
                f"Received: filters={filters}, levels={levels}. Take for instance levels=('P3', 'P4', 'P5')."
            )
        self.filters, self.levels = filters, levels

    def build(self, features_shape):
        """Check that the levels are there."""
        missing = [level for level in self.levels if level not in features_shape]
        if missing:
            raise ValueError(
                f"The decoder takes the levels {self.levels}; {missing} are missing. "
                f"Received: levels {tuple(features_shape)}. Choose levels that the image encoder gives."
            )

    def compute_output_shape(self, features_shape):
        """The finest level's."""
        return (*features_shape[self.levels[0]][:3], self.filters)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "levels": self.levels}
