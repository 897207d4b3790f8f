"""Reading a model from the file named on the command line."""

import pathlib
import zipfile


def add_model_arguments(parser):
    """Adds what `load_model` asks for to a command's parser."""
    parser.add_argument("--model", required=True, metavar="FILE", help="model.keras")
    parser.add_argument(
        "--trust", action="store_true", help="load a model that holds code, such as a SavedModel backbone, too"
    )


def load_model(path, trust=False):
    """Loads a `.keras` file of a `MultimodalModel` or a `DecisionFusion`, without its optimizer.

    Args:
        path: the file.
        trust: load a file that holds code too; what it holds may run.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no Keras model, or not one of kmm, or holds code and is not trusted.
    """
    import keras

    from kmm import models, preprocessing  # noqa: F401  registers what a file may hold

    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"A model file must exist. Received: {path}. `kmm train` writes one, model.keras.")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=not trust)
    except (ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile) as error:
        if not trust and "safe_mode=False" in str(error):
            raise ValueError(
                f"A model that holds code is loaded only if it is trusted. Received: {path} ({error}). "
                "If you know who made it, give --trust."
            ) from error
        raise ValueError(f"A model must be a readable .keras file. Received: {path} ({error}).") from error
    if not isinstance(model, (models.MultimodalModel, models.DecisionFusion)):
        raise ValueError(
            f"A model must be a kmm.models.MultimodalModel. Received: {type(model).__name__} in {path}. "
            "Use a model.keras that `kmm train` wrote."
        )
    return model
