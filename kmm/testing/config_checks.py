"""Checks of names and configurations: nothing that a user chose may be lost on the way to a file."""

import inspect
import json

import keras

from kmm.testing.component_case import expect

_BUILD_STATE = ("build_config", "shared_object_id")  # Keras adds these once a layer is built or used twice


def constructor_arguments(cls):
    """The names of the arguments in the constructor of `cls`, without `self`, `*args` and `**kwargs`.

    A class that takes over the constructor of `keras.Layer` has none of its own.
    """
    if cls.__init__ is keras.Layer.__init__:
        return []
    skipped = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [parameter.name for parameter in parameters if parameter.kind not in skipped]


def check_registration(case):
    """The class is registered as `package>ClassName`, so that it loads without `custom_objects`."""
    name = keras.saving.get_registered_name(case.cls)
    registered = ">" in name and keras.saving.get_registered_object(name) is case.cls
    expect(registered, case, 'Add @keras.saving.register_keras_serializable(package="...").')
    expect(
        name.endswith(f">{case.cls.__name__}"), case, f"The registered name must be the class name. Received: {name}"
    )


def check_config(case):
    """`get_config` names every constructor argument, keeps the given values and survives JSON unchanged."""
    config = case.create(name="checked").get_config()
    missing = [name for name in constructor_arguments(case.cls) if name not in config]
    expect(not missing, case, f"get_config must hold every constructor argument. Missing: {missing}.")
    expect(config["name"] == "checked", case, "get_config must keep the name.")
    for name, value in case.arguments.items():
        kept = _as_json(config[name]) == _as_json(value)
        expect(kept, case, f"get_config must keep {name}={value!r}. Received: {config[name]!r}")
    revived = case.cls.from_config(config).get_config()
    expect(_as_json(revived) == _as_json(config), case, "from_config(config).get_config() must equal config.")


def _as_json(value):
    """The value as it stands in a saved file: parts as their configuration, tuples as lists."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items() if key not in _BUILD_STATE}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if hasattr(value, "get_config"):
        return _as_json(keras.saving.serialize_keras_object(value))
    json.dumps(value)  # raises a TypeError that names the type which no file can hold
    return value
