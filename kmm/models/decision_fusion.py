"""Fusion at the level of whole models: each answers, and the answers are mixed."""

import keras
from keras import ops

from kmm import feature_keys
from kmm.layers import FoldPrompts
from kmm.utils.functional_model import FunctionalModel
from kmm.utils.replicated_model import ReplicatedModel


@keras.saving.register_keras_serializable(package="kmm")
class DecisionFusion(FunctionalModel):
    """Mixes the answers of whole trained models, on masks or on labels. A functional `keras.Model`.

    Use it to join models that were trained apart: another fusion, another modality, another seed. It takes all inputs
    that any of the models takes; inputs of the same name are shared. Its file holds the models, and it is evaluated and
    exported like a `MultimodalModel`.

    References: Kittler et al., "On Combining Classifiers", 1998; Wolpert, "Stacked Generalization", 1992.

    Args:
        models: a dict from a name of your choice to a functional model whose inputs are a dict, such as
            `MultimodalModel`. Each gives logits: of masks `(batch, height, width, num_classes)` or of labels
            `(batch, num_classes)`; of several outputs that named `segmentation_masks` is taken.
        combiner: `kmm.layers.LinearDecision`, `kmm.layers.NonlinearDecision` or another layer from a dict of logits to
            logits.
        trainable_models: train the models too. Otherwise they are frozen here and always run in inference mode: only
            the combiner learns.
        **kwargs: `name`, `dtype`, `trainable`. The parts bring their own dtype policies.

    Call arguments:
        inputs: a dict of all models' inputs, such as `images` `(batch, height, width, 3)` in [0, 255], `token_ids` and
            `padding_mask` `(batch, length)`.

    Output shape:
        The combiner's: float32 logits of the same shape as those of each model.

    Raises:
        TypeError: if `models` is no dict of functional models with named inputs.
        ValueError: if there are less than two models, or their inputs, outputs or tokenizers do not agree.

    Example:

    >>> import kmm, numpy as np
    >>> models = {
    ...     name: kmm.models.text_guided_segmenter((32, 32), num_classes=5, widths=(8, 8, 8, 8, 8), blocks=0)
    ...     for name in ("first", "second")
    ... }
    >>> model = kmm.models.DecisionFusion(models, kmm.layers.LinearDecision())
    >>> tuple(model({"images": np.zeros((2, 32, 32, 3))}).shape)
    (2, 32, 32, 5)
    """

    def __init__(self, models, combiner, trainable_models=False, dtype=None, **kwargs):
        _check_inputs(models)
        outputs = {name: _logits(name, model.output) for name, model in models.items()}
        _check_outputs(outputs)
        tokenizer = _shared_tokenizer(models)

        # parts
        members = {name: _Member(model, not trainable_models, name=name) for name, model in models.items()}

        # graph
        inputs = {}
        for model in models.values():
            inputs.update({key: _input_like(tensor, key) for key, tensor in model.input.items() if key not in inputs})
        answers = {name: member({key: inputs[key] for key in member.model.input}) for name, member in members.items()}
        super().__init__(inputs=inputs, outputs=combiner(answers), dtype=dtype, **kwargs)

        # config
        self._members, self.combiner, self.trainable_models = members, combiner, trainable_models
        self.prompt_tokenizer = tokenizer
        images = inputs.get(feature_keys.IMAGES)
        self.image_size = None if images is None else tuple(images.shape[1:3])

    @property
    def models(self):
        """The models by name."""
        return {name: member.model for name, member in self._members.items()}

    @property
    def num_classes(self):
        """Classes of the answer: 1 for referring segmentation."""
        return self.output.shape[-1]

    @property
    def context_keys(self):
        """The names of the inputs beside the images, such as `token_ids`."""
        return tuple(key for key in self.input if key != feature_keys.IMAGES)

    def for_prompts(self, num_prompts):
        """A model of the same weights that takes several prompts for each picture.

        Args:
            num_prompts: prompts for each picture: the inputs beside the images get a second axis, such as
                `(batch, num_prompts, length)`, and so does the output, `(batch, num_prompts, ...)`.
        """
        inputs = {key: _input_for(tensor, key, num_prompts) for key, tensor in self.input.items()}
        answers = {}
        for name, member in self._members.items():
            several = _Member(_for_prompts(member.model, num_prompts), not self.trainable_models, name=name)
            logits = several({key: inputs[key] for key in several.model.input})
            answers[name] = ops.reshape(logits, (-1, *logits.shape[2:]))  # (batch * num_prompts, ...)
        outputs = self.combiner(answers)
        outputs = ops.reshape(outputs, (-1, num_prompts, *outputs.shape[1:]))
        return ReplicatedModel(inputs, outputs, name=f"{self.name}_for_{num_prompts}_prompts")

    def get_config(self):
        """The parts, serialised; the models without their optimizers."""
        serialize = keras.saving.serialize_keras_object
        configs = {name: serialize(model) for name, model in self.models.items()}
        for config in configs.values():
            config.pop("compile_config", None)
        return {
            **super().get_config(),
            "models": configs,
            "combiner": serialize(self.combiner),
            "trainable_models": self.trainable_models,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the parts, then the model."""
        revive = keras.saving.deserialize_keras_object
        models = {name: revive(model, custom_objects=custom_objects) for name, model in config["models"].items()}
        combiner = revive(config["combiner"], custom_objects=custom_objects)
        return super().from_config({**config, "models": models, "combiner": combiner})


class _Member(keras.layers.Layer):
    """Gives one model's logits. It has a name of its own, since two models of one builder have the same."""

    def __init__(self, model, fixed, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.model, self.fixed = model, fixed
        for layer in self._flatten_layers() if fixed else ():
            layer.trainable = False  # each by itself: a layer that is frozen already does not pass it on

    @property
    def trainable(self):
        """Never true for a fixed model, whatever is set on the model around it."""
        return super().trainable

    @trainable.setter
    def trainable(self, value):
        keras.layers.Layer.trainable.fset(self, value and not getattr(self, "fixed", False))

    def call(self, inputs, training=None):
        logits = _logits(self.name, self.model(inputs, training=False if self.fixed else training))
        return ops.cast(ops.stop_gradient(logits) if self.fixed else logits, "float32")

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor(_logits(self.name, self.model.output).shape, "float32")


def _input_like(tensor, name):
    return keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)


def _input_for(tensor, name, num_prompts):
    """One picture, and several of everything else."""
    if name == feature_keys.IMAGES:
        return _input_like(tensor, name)
    return keras.Input((num_prompts, *tensor.shape[1:]), dtype=tensor.dtype, name=name)


def _for_prompts(model, num_prompts):
    """The model for several prompts, by its own way or else by repeating the picture."""
    if hasattr(model, "for_prompts"):
        return model.for_prompts(num_prompts)
    inputs = {key: _input_for(tensor, key, num_prompts) for key, tensor in model.input.items()}
    folded = {
        key: ops.repeat(tensor, num_prompts, axis=0)
        if key == feature_keys.IMAGES
        else FoldPrompts(dtype=tensor.dtype, name=f"fold_{key}")(tensor)
        for key, tensor in inputs.items()
    }
    logits = _logits(model.name, model(folded))
    return keras.Model(inputs, ops.reshape(logits, (-1, num_prompts, *logits.shape[1:])))


def _logits(name, output):
    """A model's only output, or of several that of the masks."""
    if not isinstance(output, dict):
        return output
    if feature_keys.SEGMENTATION_MASKS not in output:
        raise ValueError(
            f"Of several outputs the masks must be named {feature_keys.SEGMENTATION_MASKS!r}. "
            f"Received: outputs={sorted(output)} of {name!r}. Give a model of the one output that shall be mixed."
        )
    return output[feature_keys.SEGMENTATION_MASKS]


def _check_inputs(models):
    """Refuse models that cannot share their inputs."""
    if not isinstance(models, dict) or not all(isinstance(getattr(m, "input", None), dict) for m in models.values()):
        kinds = {name: type(model).__name__ for name, model in models.items()} if isinstance(models, dict) else models
        raise TypeError(
            "models must be a dict from name to functional model, and each model's inputs a dict by name. "
            f"Received: models={kinds}. Build the model as keras.Model({{'images': images}}, logits)."
        )
    if len(models) < 2:
        raise ValueError(f"There is nothing to mix with less than two models. Received: models={list(models)}.")
    shapes = {}
    for name, model in models.items():
        for key, tensor in model.input.items():
            found = (tuple(tensor.shape[1:]), tensor.dtype)
            first, expected = shapes.setdefault(key, (name, found))
            if found != expected:
                raise ValueError(
                    f"Models share inputs of one name, so these must have one shape and dtype. Received: {key!r} is "
                    f"{expected} in {first!r} and {found} in {name!r}. Train both with one image size."
                )


def _check_outputs(outputs):
    shapes = {name: tuple(output.shape[1:]) for name, output in outputs.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(
            f"Answers to be mixed must have one shape. Received: {shapes}. Give models with the same classes, and "
            "masks of the same size."
        )


def _shared_tokenizer(models):
    """The tokenizer of all models that have one."""
    tokenizers = {name: getattr(model, "prompt_tokenizer", None) for name, model in models.items()}
    tokenizers = {name: tokenizer for name, tokenizer in tokenizers.items() if tokenizer is not None}
    first = next(iter(tokenizers.values()), None)
    others = [name for name, tokenizer in tokenizers.items() if tokenizer.get_config() != first.get_config()]
    if others:
        raise ValueError(
            "Models that read words must share one tokenizer, or a word would have different numbers. Received: that "
            f"of {others} differs from that of {next(iter(tokenizers))!r}. Train the models with one tokenizer."
        )
    return first
