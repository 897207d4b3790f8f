"""Reading pickles of annotations without running the code that a pickle can hold."""

import pathlib
import pickle

REMEDY = "Do not load it by other means; fetch the file from its owners again."


def read_plain_pickle(path):
    """The lists, dicts and texts in a pickle file, as plain values.

    A pickle is a program: loaded by `pickle.load` it may call any function. Here everything but lists, tuples, sets,
    dicts, texts, numbers, booleans and None is refused before it is called. Pickles written by Python 2 are read too:
    their byte strings, keys as well as values, become texts, as UTF-8 where they are valid, else as Latin-1.

    Args:
        path: path of the file.

    Returns:
        The value that was pickled.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a pickle, cut off, or holds anything else.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "refs.p"
    ...     _ = path.write_bytes(pickle.dumps([{"ref_id": 1, b"sent": b"a car"}], protocol=2))
    ...     read_plain_pickle(path)
    [{'ref_id': 1, 'sent': 'a car'}]
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"A pickle of annotations must exist. Received: {path}. Complete the folder.")
    try:
        with path.open("rb") as file:
            return _plain(RestrictedUnpickler(file).load(), {})
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise ValueError(
            "A pickle of annotations must be whole and hold only lists, dicts, sets, texts and numbers. Received: "
            f"{path} ({type(error).__name__}: {error}). {REMEDY}"
        ) from error


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that knows no function and no class but those that plain values are written with.

    Args:
        file: a binary file.

    Raises:
        pickle.UnpicklingError: from `load`, at the first name or persistent id that is not allowed.

    Example:

    >>> import io
    >>> RestrictedUnpickler(io.BytesIO(pickle.dumps({1, 2}))).load()
    {1, 2}
    """

    def __init__(self, file):
        super().__init__(file, fix_imports=False, encoding="bytes")

    def find_class(self, module, name):
        """The allowed thing of that name; called for every name that the pickle holds."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which plain values do not need")
        return _ALLOWED[module, name]

    def persistent_load(self, pid):
        """Refuses: what the id stands for is not in the file."""
        raise pickle.UnpicklingError("it refers to something outside the file")


def _no_bytes():
    """How the protocols before 3 write `b""`."""
    return b""


def _latin1_bytes(text, encoding):
    """How the protocols before 3 write other `bytes`: `_codecs.encode(text, "latin1")`."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding!r}")
    return text.encode("latin1")


_ALLOWED = {
    ("builtins", "bytes"): _no_bytes,
    ("__builtin__", "bytes"): _no_bytes,
    ("_codecs", "encode"): _latin1_bytes,
    **{(module, kind.__name__): kind for module in ("builtins", "__builtin__") for kind in (set, frozenset)},
}
_OPEN = object()


def _plain(value, done):
    """`value` with texts for byte strings; shared parts are translated once, so that they cannot multiply."""
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value))
    if not isinstance(value, list | tuple | set | frozenset | dict):
        return value
    if done.get(id(value)) is _OPEN:
        raise ValueError("a part holds itself")
    if id(value) not in done:
        done[id(value)] = _OPEN
        if isinstance(value, dict):
            done[id(value)] = {_plain(key, done): _plain(entry, done) for key, entry in value.items()}
        else:
            done[id(value)] = type(value)(_plain(entry, done) for entry in value)
    return done[id(value)]


def _text(content):
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin1")
