"""Writing a model as a SavedModel that takes raw files and raw words."""

import json
import pathlib
import tempfile

import tensorflow as tf

from kmm.export.batching_parameters import BATCHING_FILE, batching_parameters
from kmm.export.endpoints import Endpoints
from kmm.export.model_card import make_card, write_card
from kmm.export.model_facts import check_class_names, check_threshold
from kmm.export.model_parts import ModelParts
from kmm.export.sample_requests import sample_requests
from kmm.export.verify_export import verify_export
from kmm.export.version_folder import write_next_version
from kmm.export.warm_up import write_warm_up
from kmm.export.with_compute_dtype import with_compute_dtype
from kmm.preprocessing.tokenizer_for import tokenizer_for

MAX_BYTES = 2**25
MAX_PIXELS = 2**25


def export_saved_model(
    model,
    directory,
    tokenizer=None,
    threshold=0.5,
    compute_dtype=None,
    max_bytes=MAX_BYTES,
    max_pixels=MAX_PIXELS,
    class_names=(),
    metrics=None,
    verify=True,
):
    """Writes `directory/<next version>/`, ready for TensorFlow Serving and for `tf.saved_model.load`.

    The export takes the bytes of JPEG or PNG files of any sizes and raw prompts; decoding, resizing, tokenising and
    drawing the answer happen inside, with the code that training used. It needs TensorFlow (with a WordPiece tokenizer
    tensorflow-text's operations, which TensorFlow Serving has) and nothing of kmm, and stores every weight once. The
    folder appears under its number only when it is complete and answers, in a process of its own, as the Keras model
    does.

    Its endpoints, all with a batch axis on everything:

    - `serving_default(image_bytes, prompt)`: strings `(batch,)`, one prompt for each picture; no `prompt` for a model
      without words. Gives `mask`: uint8 `(batch, height, width)` at the model's image size, 0 and 1 for
      `num_classes=1`, else class ids; `score`: float32 `(batch,)` in [0, 1], see `scores_from_logits`; `present`: uint8
      `(batch,)`, 1 where something was found; `mask_png_bytes`: strings `(batch,)`, each mask as a grey PNG file at its
      picture's own size, 0 and 255 for `num_classes=1`, else class ids; `status`: strings `(batch,)`, "OK" or what is
      wrong with the row.
    - `segment(image_bytes, prompt, threshold)`: the same without `mask`, for small answers, and with `num_classes`:
      int32 `(batch,)`, which says how to read the PNG files; with a threshold for each row, float32 `(batch,)`; a value
      that is none, such as 0, stands for the export's own.
    - `predict_tensors(images, token_ids, padding_mask)`: float32 pictures `(batch, height, width, 3)` in [0, 255],
      int32 and uint8 `(batch, length)`. Gives `logits`: float32 `(batch, height, width, num_classes)`.
    - `encode_image(image_bytes)`: the features of a picture, by the names of their levels, `image_size` int32
      `(batch, 2)` and `status`. `ask(..., prompt)`: those features, of one picture or of one for each prompt, and
      prompts; gives `mask`, `score` and `present`. So a picture is encoded once and asked often.
    - `encode_text(prompt)`: `sequence`, `pooled` and `padding_mask` of the text encoder.
    - `embed(image_bytes, prompt)`, for models with `embed_image` and `embed_text`: `image_embedding` and
      `text_embedding` in one space.

    Further outputs of a model appear under their names, further inputs too; `waveforms` `(batch, samples)` are read
    from `audio_bytes`, WAV files, at the model's `sample_rate`.

    A row whose file is no picture, is damaged, or is too large, answers with its `status` and an empty mask; the other
    rows are served. Rows with the same picture are decoded and, by a `MultimodalModel`, encoded once. The EXIF rotation
    of JPEG files is undone, so masks are those of the upright photograph.

    Another functional model, such as a `DecisionFusion`, has `serving_default`, `segment` and `predict_tensors`. Beside
    the SavedModel lie `batching_params.pbtxt` (for as many cores as there are here), the words in
    `assets/vocabulary.txt`, and, in `assets.extra`, warm-up requests, `model_card.json` (and `MODEL_CARD.md`),
    `tokenizer.json` and `sha256.json`.

    Memory beside the model's: about 16 bytes for each pixel of a photograph, of two photographs at a time, whatever the
    number of classes. Time for the masks at own size grows with pixels times classes.

    Args:
        model: a `MultimodalModel`, or another functional model with `image_size` and the same names of inputs.
        directory: folder of all versions of this model.
        tokenizer: `PromptTokenizer`; `None` takes `model.prompt_tokenizer`.
        threshold: probability above which a pixel belongs to a binary mask.
        compute_dtype: "float32" or "bfloat16"; `None` keeps the model's own.
        max_bytes: the longest file that is read, in bytes.
        max_pixels: the largest height times width of a picture that is decoded.
        class_names: names of the classes, in the order of their ids, for the model card.
        metrics: plain dict of scores for the model card.
        verify: compare with the Keras model before the version is shown; takes some seconds.

    Returns:
        path of the written folder.

    Raises:
        ValueError: the model reads words and there is no tokenizer, or the other way round; it gives no segmentation
            masks or more than 256 classes; a number or name of classes is out of range; or the model cannot compute in
            `compute_dtype`.
        RuntimeError: the export does not answer as the Keras model does. It is not kept.

    Example:

    >>> import keras, tempfile
    >>> images = keras.Input((16, 16, 3), name="images")
    >>> model = keras.Model({"images": images}, keras.layers.Conv2D(1, 1)(images))
    >>> model.image_size = (16, 16)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export_saved_model(model, folder, verify=False)
    ...     served = tf.saved_model.load(path)
    ...     outputs = served.signatures["serving_default"](tf.io.encode_png(tf.zeros((1, 20, 30, 3), "uint8")))
    >>> path.name, tuple(outputs["mask"].shape)
    ('1', (1, 16, 16))
    """
    tokenizer = tokenizer_for(model, tokenizer)
    _check_limits(threshold, max_bytes, max_pixels)
    if compute_dtype is not None:
        model = with_compute_dtype(model, compute_dtype)
    parts = ModelParts(model, tokenizer)
    check_class_names(class_names, parts.num_classes)
    functions = Endpoints(parts, float(threshold), max_bytes, max_pixels).functions
    endpoints = {name: function.get_concrete_function() for name, function in functions.items()}
    signatures = {name: (_inputs(endpoint), endpoint.structured_outputs) for name, endpoint in endpoints.items()}
    card = make_card(parts, signatures, threshold, max_bytes, max_pixels, class_names, metrics or {})
    _check_plain(card)
    requests = sample_requests(parts, {name: inputs for name, (inputs, _) in signatures.items()})

    def write(folder):
        # Neither the model nor its layers are tracked: that would store every weight a second time.
        module = tf.Module()
        module.weights = list({id(v): v for endpoint in endpoints.values() for v in endpoint.variables}.values())
        module.tables = parts.trackables
        with tempfile.TemporaryDirectory() as scratch:
            module.vocabulary = _vocabulary_asset(tokenizer, pathlib.Path(scratch))
            tf.saved_model.save(module, str(folder), signatures=endpoints)
        write_warm_up(folder, requests)
        (pathlib.Path(folder) / BATCHING_FILE).write_text(batching_parameters(), encoding="utf-8")

    def check(folder):
        verified = verify_export(folder, parts, requests["serving_default"], threshold) if verify else None
        write_card(folder, {**card, "verified": verified}, tokenizer)

    return write_next_version(directory, write, check)


def _vocabulary_asset(tokenizer, folder):
    """The words as a file that travels in `assets`, one a line, for those who tokenise themselves."""
    words = getattr(tokenizer, "vocabulary", None)
    if not words:
        return None
    path = folder / "vocabulary.txt"
    path.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    return tf.saved_model.Asset(str(path))


def _inputs(endpoint):
    return {spec.name: spec for spec in endpoint.structured_input_signature[0]}


def _check_plain(card):
    try:
        json.dumps(card, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"metrics must be plain data without nan, as JSON holds it. Received: {error}. Convert it with float()."
        ) from error


def _check_limits(threshold, max_bytes, max_pixels):
    check_threshold(threshold)
    for name, value in (("max_bytes", max_bytes), ("max_pixels", max_pixels)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
            raise ValueError(f"{name} must be a whole number from 1 to 2**31 - 1. Received: {name}={value!r}.")
