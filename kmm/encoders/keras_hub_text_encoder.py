"""Text backbones of keras-hub: BERT and its kin."""

import keras
from keras import ops

from kmm import feature_keys
from kmm.utils.functional_model import FunctionalModel

SEGMENT_IDS = "segment_ids"


@keras.saving.register_keras_serializable(package="kmm")
class KerasHubTextEncoder(FunctionalModel):
    """A text backbone of keras-hub (BERT, DistilBERT, RoBERTa, ALBERT, DeBERTa, ...) that reads token ids.

    Use it for what pretraining on much text gives, with `kmm.preprocessing.WordPieceTokenizer` and the vocabulary of
    the weights. Take a backbone with random weights, `keras_hub.models.BertBackbone(vocabulary_size=..., ...)`, or ask
    for pretrained ones yourself, `keras_hub.models.BertBackbone.from_preset(...)`, which downloads them. Needs
    `pip install "kmm[kerashub]"`.

    A backbone that gives a vector for the whole text (BERT's, made of the first step, `[CLS]`) gives it here too; of
    others the vectors of the real steps are averaged. All steps count as one segment. Padding never counts: the
    vectors of padded steps are zero, and a prompt of padding alone gives zeros. To fine-tune nothing, set
    `encoder.trainable = False`.

    Reference: Devlin et al., "BERT: Pre-training of deep bidirectional Transformers for language understanding", 2019.

    Args:
        backbone: a built `keras_hub.models.Backbone`, or another functional model, with the inputs `token_ids` and
            `padding_mask` `(batch, length)`, with or without `segment_ids`, and as output either the steps' vectors, or
            a dict of `sequence_output` and, where there is one, `pooled_output`.
        **kwargs: `name`, `dtype`, `trainable`. The backbone brings its own dtype policy.

    Call arguments:
        inputs: a dict of `token_ids` int `(batch, length)` and `padding_mask` bool `(batch, length)`, `True` at real
            tokens; at most `max_sequence_length` of them where the backbone has a limit.

    Output shape:
        A dict: `sequence` `(batch, length, dim)`, `pooled` `(batch, dim)` and the `padding_mask`.

    Raises:
        ImportError: if a saved encoder is loaded where keras-hub is missing.
        TypeError: if the backbone is no Keras model.
        ValueError: if the backbone has other inputs or outputs.

    Example:

    >>> import keras_hub, kmm, numpy as np
    >>> backbone = keras_hub.models.BertBackbone(
    ...     vocabulary_size=50, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=12
    ... )
    >>> encoder = kmm.encoders.KerasHubTextEncoder(backbone)
    >>> outputs = encoder({"token_ids": np.ones((2, 5), "int32"), "padding_mask": np.ones((2, 5), bool)})
    >>> tuple(outputs["sequence"].shape), tuple(outputs["pooled"].shape)
    ((2, 5, 8), (2, 8))
    """

    def __init__(self, backbone, dtype=None, **kwargs):
        _check(backbone)

        # graph
        token_ids = keras.Input((None,), name=feature_keys.TOKEN_IDS, dtype="int32")
        padding_mask = keras.Input((None,), name=feature_keys.PADDING_MASK, dtype="bool")
        asked = {feature_keys.TOKEN_IDS: token_ids, feature_keys.PADDING_MASK: ops.cast(padding_mask, "int32")}
        if SEGMENT_IDS in backbone.input:
            asked[SEGMENT_IDS] = ops.zeros_like(token_ids)
        outputs = backbone(asked)
        outputs = outputs if isinstance(outputs, dict) else {"sequence_output": outputs}
        sequence = outputs["sequence_output"]
        real = ops.cast(padding_mask, sequence.dtype)[:, :, None]  # (batch, length, 1)
        sequence = sequence * real
        count = ops.sum(real, axis=1)  # (batch, 1)
        if "pooled_output" in outputs:
            pooled = outputs["pooled_output"] * ops.minimum(count, 1.0)
        else:
            pooled = ops.sum(sequence, axis=1) / ops.maximum(count, 1.0)
        super().__init__(
            inputs={feature_keys.TOKEN_IDS: token_ids, feature_keys.PADDING_MASK: padding_mask},
            outputs={
                feature_keys.SEQUENCE: sequence,
                feature_keys.POOLED: pooled,
                feature_keys.PADDING_MASK: padding_mask,
            },
            dtype=dtype,
            **kwargs,
        )

        # config
        self.backbone = backbone

    @property
    def vocabulary_size(self):
        """Ids that the backbone has an embedding for; `None` where it does not say."""
        return getattr(self.backbone, "vocabulary_size", None)

    @property
    def max_sequence_length(self):
        """The most steps that the backbone can read; `None` where it does not say."""
        return getattr(self.backbone, "max_sequence_length", None)

    def get_config(self):
        """The backbone, serialised."""
        return {**super().get_config(), "backbone": keras.saving.serialize_keras_object(self.backbone)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the backbone, then the encoder."""
        config = dict(config)
        if str(config["backbone"].get("module")).startswith("keras_hub"):
            _require_keras_hub()
        config["backbone"] = keras.saving.deserialize_keras_object(config["backbone"], custom_objects=custom_objects)
        return super().from_config(config)


def _check(backbone):
    if not isinstance(backbone, keras.Model):
        raise TypeError(
            f"backbone must be a built keras_hub.models.Backbone. Received: backbone={backbone!r}. Make one, such as "
            "keras_hub.models.BertBackbone(vocabulary_size=..., ...)."
        )
    needed, known = {feature_keys.TOKEN_IDS, feature_keys.PADDING_MASK}, {SEGMENT_IDS}
    inputs = set(backbone.input) if isinstance(backbone.input, dict) else {type(backbone.input).__name__}
    if not needed <= inputs <= needed | known:
        raise ValueError(
            f"A text backbone has the inputs {sorted(needed)}, and perhaps {SEGMENT_IDS!r}. Received: {sorted(inputs)} "
            f"of {type(backbone).__name__}. Take a backbone of the kind of BERT."
        )
    output = backbone.output
    rank = len(output["sequence_output"].shape) if _has_steps(output) else len(getattr(output, "shape", ()))
    if rank != 3:
        raise ValueError(
            "A text backbone gives the steps' vectors, (batch, length, dim), or a dict that holds them as "
            f"'sequence_output'. Received: {output} of {type(backbone).__name__}. Take a backbone of the kind of BERT."
        )


def _has_steps(output):
    return isinstance(output, dict) and "sequence_output" in output


def _require_keras_hub():
    try:
        import keras_hub  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'This text encoder was made with keras-hub, which is missing. Install it: pip install "kmm[kerashub]".'
        ) from error
