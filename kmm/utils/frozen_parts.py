"""Which parts of a model are frozen: kept in its config, and brought back when it is read."""


def frozen_parts(layer):
    """The paths of the parts that are frozen while what holds them is not.

    Args:
        layer: a Keras layer or model.

    Returns:
        A list of paths, the names of the parts from the outermost on, joined by slashes.

    Example:

    >>> import keras
    >>> layers = [keras.layers.Dense(3, name=name) for name in ("one", "two")]
    >>> model = keras.Sequential([keras.Input((2,)), *layers])
    >>> model.get_layer("one").trainable = False
    >>> frozen_parts(model)
    ['one']
    """
    if not layer.trainable:
        return []
    return [path for path, part in _walk(layer) if not part.trainable and part.weights]


def freeze_parts(layer, paths):
    """Freeze the parts that `frozen_parts` gave, with all that they hold.

    On TensorFlow, Keras skips the assignment `part.trainable = False` where it is `False` already and then never tells
    the parts inside, as for a layer that was frozen before it was saved. So each of them is told here.
    """
    for path, part in _walk(layer):
        if path in paths or not part.trainable:
            for held in part._flatten_layers():
                held.trainable = False


def _walk(layer, prefix=""):
    """All parts that are not inside a frozen one, with their paths."""
    for part in layer._layers:
        path = f"{prefix}{part.name}"
        yield path, part
        if part.trainable:
            yield from _walk(part, f"{path}/")
