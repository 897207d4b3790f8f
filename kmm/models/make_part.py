"""A component from its class name and arguments."""

import inspect

import keras


def make_part(part, package, **offered):
    """Makes a component, unless it is one already.

    Args:
        part: the name of a class in `package`, or of one registered with Keras elsewhere ("mine>MyFusion"), or a class;
            or a pair of that and a dict of its arguments; or a built component, returned as it is.
        package: the package of kmm that holds the classes, such as `kmm.fusion`.
        **offered: arguments that the class gets if it takes them, they are not `None`, and `part` does not give them.

    Returns:
        The component.

    Raises:
        ValueError: if there is no such class, or it does not take the arguments.

    Example:

    >>> from kmm import decoders
    >>> make_part(("FCNDecoder", {"filters": 8}), decoders, filters=32, levels=("P3",), num_classes=2).filters
    8
    """
    if isinstance(part, keras.Layer):
        return part
    name, arguments = part if isinstance(part, (tuple, list)) and len(part) == 2 else (part, {})
    cls = name if inspect.isclass(name) else _find(name, package)
    parameters = inspect.signature(cls.__init__).parameters
    taken = {key: value for key, value in offered.items() if key in parameters or key in ("name", "dtype")}
    arguments = {**{key: value for key, value in taken.items() if value is not None}, **arguments}
    needed = {
        key
        for key, item in parameters.items()
        if item.default is item.empty and item.kind is item.POSITIONAL_OR_KEYWORD
    }
    missing = sorted(needed - {"self"} - set(arguments))
    unknown = sorted(set(arguments) - set(parameters) - {"name", "dtype", "trainable"})
    if missing or unknown:
        known = [key for key in parameters if key not in ("self", "args", "kwargs")]
        raise ValueError(
            f"{cls.__name__} takes the arguments {known}. "
            f"Received: {sorted(arguments)}. Missing: {missing}. Unknown: {unknown}."
        )
    return cls(**arguments)


def part_names(package):
    """The names of the classes of a package that can be made, without its contracts."""
    classes = {name: getattr(package, name) for name in package.__all__ if inspect.isclass(getattr(package, name))}
    contracts = {base for cls in classes.values() for base in cls.__mro__[1:]}
    return [name for name, cls in classes.items() if cls not in contracts]


def _find(name, package):
    known = part_names(package)
    cls = getattr(package, name) if name in known else None
    if cls is None and isinstance(name, str) and ">" in name:
        cls = keras.saving.get_registered_object(name)
    if cls is None:
        raise ValueError(
            f"A part of {package.__name__} is one of {known}, a class registered with Keras ('package>Name'), "
            f"or a built component. Received: {name!r}."
        )
    return cls
