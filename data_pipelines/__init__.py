"""Offline preparation of data sets: reads what an owner publishes, checks it, writes the records that kmm.data reads.

Runs once, before training; it neither resizes nor tokenizes. It imports nothing of kmm but the schema of records and
`kmm.preprocessing`. Each data set is a module of its own with one class; `README.md` lists them.
"""

import importlib
import importlib.util
import inspect
import pkgutil
import textwrap


def find_data_sets():
    """The classes of all data sets of this package by their names, such as `kmm_ref_coco`."""
    modules = [info.name for info in pkgutil.iter_modules(__path__)]
    found = [_class_in(importlib.import_module(f"data_pipelines.{module}")) for module in modules]
    return {data_set.name: data_set for data_set in found if data_set is not None}


def find_data_set(name):
    """The class of one data set.

    Args:
        name: such as `kmm_ref_coco` or `ref_coco`; `my_package.my_module` for a class outside this package.

    Returns:
        class.

    Raises:
        ValueError: if there is no such data set.
    """
    module = name if "." in name else f"data_pipelines.{name.removeprefix('kmm_')}"
    package = module.rpartition(".")[0]
    if importlib.util.find_spec(package.partition(".")[0]) and importlib.util.find_spec(module):
        found = _class_in(importlib.import_module(module))
        if found is not None:
            return found
    raise ValueError(f"There must be such a data set. Received: {name!r}. Choose among {sorted(find_data_sets())}.")


def make_data_set(name, options):
    """An instance of a data set.

    Args:
        name: as in `find_data_set`.
        options: dict of arguments of its class with texts as values, read as numbers where the default is one.

    Returns:
        object.

    Raises:
        ValueError: if there is no such data set, or it takes no such option.
    """
    data_set = find_data_set(name)
    parameters = inspect.signature(data_set).parameters
    if unknown := sorted(set(options) - set(parameters)):
        raise ValueError(f"Options of {name} must be among {list(parameters)}. Received: {unknown}. Leave them out.")
    kinds = {key: type(parameters[key].default) for key in options}
    try:
        return data_set(**{key: kinds[key](v) if kinds[key] in (int, float) else v for key, v in options.items()})
    except ValueError as error:
        raise ValueError(f"Options of {name} must suit it. Received: {options} ({error})") from error


def describe(data_set):
    """What a data set is, its licence and the files that it needs, as lines of text."""
    files = textwrap.indent(textwrap.dedent(data_set.manual_files).strip(), "    ")
    lines = (f"{data_set.name}: {data_set.description}", f"  task: {data_set.task}", f"  licence: {data_set.license}")
    return "\n".join([*lines, f"  home: {data_set.homepage}", "  files:", files])


def _class_in(module):
    """The class that the module itself defines with what a data set needs, or `None`."""
    for value in vars(module).values():
        if inspect.isclass(value) and value.__module__ == module.__name__:
            if all(hasattr(value, name) for name in ("name", "items", "record")):
                return value
    return None
