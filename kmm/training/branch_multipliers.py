"""Multipliers of learning rates, from the names of a model's parts."""


def branch_multipliers(model, factors):
    """The multipliers that give each named part of a model a learning rate of its own.

    Args:
        model: the model that is trained, such as a `kmm.models.MultimodalModel` or its `for_prompts(n)`.
        factors: a dict from the name of a part, such as "image_encoder" or "text_encoder", to a factor. A part is any
            layer inside the model.

    Returns:
        A dict for `kmm.training.BranchAdamW(multipliers=...)`. Frozen variables are left out: make it after freezing.

    Raises:
        ValueError: if the model has no such part, the part nothing to train, or if a variable of another part has
            the same path.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "circle"], sequence_length=8)
    >>> model = kmm.models.referring_segmenter((32, 32), tokenizer, widths=(8, 8, 16))
    >>> kmm.training.branch_multipliers(model, {"text_encoder": 0.1})["embedding"]
    0.1
    >>> optimizer = kmm.training.BranchAdamW(3e-3, kmm.training.branch_multipliers(model, {"image_encoder": 0.1}))
    """
    multipliers, owned = {}, set()
    for name, factor in factors.items():
        variables = find_part(model, name).trainable_variables
        if not variables:
            raise ValueError(f"The part has nothing to train. Received: {name!r}. Leave it out while it is frozen.")
        multipliers.update(dict.fromkeys(map(_layer_path, variables), factor))
        owned.update(map(id, variables))
    twice = [
        variable.path
        for variable in model.trainable_variables
        if id(variable) not in owned and any(f"{variable.path}/".startswith(f"{path}/") for path in multipliers)
    ]
    if twice:
        raise ValueError(
            f"Variables of other parts have paths of the same beginning: {sorted(twice)}. Received: "
            f"{sorted(factors)}. Rename the layers, or name all parts that share these paths, with one factor."
        )
    return multipliers


def layer_multipliers(encoder, decay):
    """Multipliers that fall from an encoder's last layer to its first: the deepest learns most, the first least.

    Args:
        encoder: a functional model, such as an image encoder.
        decay: the factor from one layer with weights to the one before it, above 0 and at most 1.

    Returns:
        A dict for `kmm.training.BranchAdamW(multipliers=...)`: 1 for the last layer, `decay` for the one before, ...

    Raises:
        ValueError: if `decay` is out of its range.

    Example:

    >>> import keras, kmm
    >>> inputs = keras.Input((2,))
    >>> first, second = keras.layers.Dense(2, name="first"), keras.layers.Dense(2, name="second")
    >>> kmm.training.layer_multipliers(keras.Model(inputs, second(first(inputs))), decay=0.5)
    {'first': 0.5, 'second': 1.0}
    """
    if not 0 < decay <= 1:
        raise ValueError(f"decay must be above 0 and at most 1. Received: decay={decay}.")
    paths = list(dict.fromkeys(map(_layer_path, encoder.trainable_variables)))
    return {path: float(decay) ** (len(paths) - 1 - place) for place, path in enumerate(paths)}


def _layer_path(variable):
    return variable.path.rpartition("/")[0] or variable.path


def find_part(model, name):
    """The part of that name, the outermost where several have it, or a `ValueError` that lists the parts."""
    level = [model]
    while level:
        level = [layer for parent in level for layer in getattr(parent, "layers", ())]
        found = [layer for layer in level if layer.name == name]
        if found:
            return found[0]
    known = [layer.name for layer in model.layers if layer.trainable_variables]
    raise ValueError(f"The model has no part of that name. Received: {name!r}. It has {known}.")
