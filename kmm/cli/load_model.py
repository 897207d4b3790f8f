"""Reading a model from the file named on the command line."""

import pathlib
import zipfile


def load_model(path):
    """Loads a `.keras` file of a `MultimodalModel`, without its optimizer.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no Keras model, or not one of kmm.
    """
    import keras

    from kmm import models, preprocessing  # noqa: F401  registers what a file may hold

    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"A model file must exist. Received: {path}. `kmm train` writes one, model.keras.")
    try:
        model = keras.saving.load_model(path, compile=False)
    except (ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"A model must be a readable .keras file. Received: {path} ({error}).") from error
    if not isinstance(model, models.MultimodalModel):
        raise ValueError(
            f"A model must be a kmm.models.MultimodalModel. Received: {type(model).__name__} in {path}. "
            "Use a model.keras that `kmm train` wrote."
        )
    return model
