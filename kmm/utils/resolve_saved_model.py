"""From what a user writes to a folder that holds a SavedModel."""

import os
import pathlib


def resolve_saved_model(source):
    """The folder of a SavedModel.

    Args:
        source: a local folder, or a handle, the address of a module on tfhub.dev or Kaggle. A handle is resolved by
            tensorflow_hub, which looks into its cache (`TFHUB_CACHE_DIR`) and downloads what is not there.

    Returns:
        path of the folder, the one with `saved_model.pb`.

    Raises:
        TypeError: if `source` is neither a string nor a path.
        FileNotFoundError: if there is no such folder.
        ValueError: if the folder holds no SavedModel.
        ImportError: if a handle is given and tensorflow_hub cannot be imported.
        ConnectionError: if a handle cannot be resolved, as without a network.
    """
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            "A SavedModel is named by its folder or its handle. "
            f"Received: source={source!r}. Give a path, 'https://tfhub.dev/...', or what tf.saved_model.load returned."
        )
    folder = _resolve_handle(source) if "://" in str(source) else pathlib.Path(source).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"The folder of a SavedModel must exist. Received: source={str(source)!r}. "
            "Give the folder that holds saved_model.pb, or a whole handle, 'https://tfhub.dev/...'."
        )
    if not any((folder / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt")):
        raise ValueError(
            f"The folder must hold a SavedModel, the file saved_model.pb. Received: source={str(source)!r} "
            f"with {sorted(path.name for path in folder.iterdir())[:5]}. A `.keras` file is read by "
            "keras.saving.load_model."
        )
    return folder


def _resolve_handle(handle):
    try:
        import tensorflow_hub
    except ImportError as error:  # also when setuptools >= 82 has no pkg_resources any more
        raise ImportError(
            f"Handles are resolved by tensorflow_hub, which could not be imported ({error}). Received: "
            f'source={handle!r}. Run `pip install "kmm[hub]"` (it keeps setuptools below 82), or give a local folder.'
        ) from error
    try:
        return pathlib.Path(tensorflow_hub.resolve(handle))
    except Exception as error:  # of many kinds: urllib's, TensorFlow's, tarfile's
        raise ConnectionError(
            f"The handle could not be resolved ({type(error).__name__}: {error}). Received: source={handle!r}. "
            "Check the address and the network, or unpack the module by hand and give its folder."
        ) from error
