"""Writing a model as a SavedModel that takes raw files and raw words."""

import tensorflow as tf

from kmm import feature_keys
from kmm.export.version_folder import write_next_version
from kmm.preprocessing import decode_image, masks_from_logits, prepare_images, scores_from_logits
from kmm.preprocessing.mask_outputs import segmentation_logits
from kmm.preprocessing.tokenizer_for import tokenizer_for

PARALLEL_PICTURES = 2
"""How many pictures of a batch are held at their own size at a time."""


def export_saved_model(model, directory, tokenizer=None, threshold=0.5):
    """Writes `directory/<next version>/`, ready for TensorFlow Serving and for `tf.saved_model.load`.

    The export takes the bytes of JPEG or PNG files of any sizes and raw prompts; decoding, resizing, tokenising and
    drawing the answer happen inside, with the code that training used. It needs TensorFlow and nothing of kmm, and
    stores every weight once. The folder appears under its number only when it is complete.

    Its one endpoint is `serving_default`, with a batch axis on everything:

    - `image_bytes`: strings `(batch,)`.
    - `prompt`: strings `(batch,)`, one for each picture; absent for a model without words.
    - returns `mask`: uint8 `(batch, height, width)` at the model's image size, 0 and 1 for `num_classes=1`, else class
      ids; `score`: float32 `(batch,)` in [0, 1], see `scores_from_logits`; `mask_png_bytes`: strings `(batch,)`, each
      mask as a grey PNG file at its picture's own size, 0 and 255 for `num_classes=1`, else class ids.

    A batch with a file that does not decode is refused as a whole. An EXIF rotation is not applied, unlike in training
    and in `kmm predict`: clients turn their photographs upright first.

    Memory beside the model's: about 16 bytes for each pixel of a photograph, of two photographs at a time, whatever the
    number of classes. Time for the masks at own size grows with pixels times classes.

    Args:
        model: a `MultimodalModel`, or another functional model with `image_size` and the same names of inputs.
        directory: folder of all versions of this model.
        tokenizer: `PromptTokenizer`; `None` takes `model.prompt_tokenizer`.
        threshold: probability above which a pixel belongs to a binary mask.

    Returns:
        path of the written folder.

    Raises:
        ValueError: the model reads words and there is no tokenizer, or the other way round; it gives no segmentation
            masks or more than 256 classes; `threshold` does not lie between 0 and 1.

    Example:

    >>> import keras, tempfile
    >>> images = keras.Input((16, 16, 3), name="images")
    >>> model = keras.Model({"images": images}, keras.layers.Conv2D(1, 1)(images))
    >>> model.image_size = (16, 16)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export_saved_model(model, folder)
    ...     served = tf.saved_model.load(path)
    ...     outputs = served.signatures["serving_default"](tf.io.encode_png(tf.zeros((1, 20, 30, 3), "uint8")))
    >>> path.name, tuple(outputs["mask"].shape)
    ('1', (1, 16, 16))
    """
    tokenizer = tokenizer_for(model, tokenizer)
    _check(model, threshold)
    endpoint = _make_endpoint(model, tokenizer, threshold).get_concrete_function()
    # Neither the model nor its layers are tracked: that would store every weight a second time.
    module = tf.Module()
    module.weights = list(endpoint.variables)
    module.tables = [] if tokenizer is None else list(tokenizer.trackables)
    module.tables += [table for layer in model._flatten_layers() for table in getattr(layer, "trackables", ())]
    signatures = {"serving_default": endpoint}
    return write_next_version(directory, lambda path: tf.saved_model.save(module, str(path), signatures=signatures))


def _check(model, threshold):
    if not 0.0 < threshold < 1.0:
        raise ValueError(f"threshold must lie between 0 and 1. Received: threshold={threshold}. The usual one is 0.5.")
    output = segmentation_logits(model.output)
    if len(output.shape) != 4:
        raise ValueError(
            "The masks must have the shape (batch, height, width, classes). "
            f"Received: {tuple(output.shape)}. Give it a segmentation head."
        )
    if output.shape[-1] > 256:
        raise ValueError(
            "A mask stores class ids as uint8, so there must be at most 256 classes. "
            f"Received: num_classes={output.shape[-1]}. Merge classes."
        )


def _make_endpoint(model, tokenizer, threshold):
    height, width = model.image_size
    num_classes = segmentation_logits(model.output).shape[-1]

    def read_image(image_bytes):
        image = decode_image(image_bytes)
        return prepare_images(image, (height, width)), tf.shape(image)[:2]

    def draw_png(logits_and_size):
        mask = masks_from_logits(*logits_and_size, threshold)
        return tf.io.encode_png(mask[..., None] * (255 if num_classes == 1 else 1))

    def answer(image_bytes, inputs):
        pictures = (tf.TensorSpec((height, width, 3), "uint8"), tf.TensorSpec((2,), "int32"))
        images, sizes = tf.map_fn(
            read_image, image_bytes, parallel_iterations=PARALLEL_PICTURES, fn_output_signature=pictures
        )
        logits = segmentation_logits(model({feature_keys.IMAGES: images, **inputs}, training=False))
        logits = tf.ensure_shape(tf.cast(logits, "float32"), (None, height, width, num_classes))
        pngs = tf.map_fn(
            draw_png, (logits, sizes), parallel_iterations=PARALLEL_PICTURES, fn_output_signature=tf.string
        )
        return {
            "mask": masks_from_logits(logits, threshold=threshold),
            "score": scores_from_logits(logits, threshold),
            "mask_png_bytes": pngs,
        }

    def answer_images(image_bytes):
        return answer(tf.ensure_shape(image_bytes, (None,)), {})

    def answer_prompts(image_bytes, prompt):
        image_bytes, prompt = tf.ensure_shape(image_bytes, (None,)), tf.ensure_shape(prompt, (None,))
        same_length = tf.debugging.assert_equal(
            tf.size(image_bytes), tf.size(prompt), "image_bytes and prompt must have the same length."
        )
        with tf.control_dependencies([same_length]):
            return answer(tf.identity(image_bytes), tokenizer(prompt))

    strings = [tf.TensorSpec((None,), "string", name="image_bytes")]
    if tokenizer is None:
        return tf.function(answer_images, input_signature=strings, autograph=False, jit_compile=False)
    strings.append(tf.TensorSpec((None,), "string", name="prompt"))
    return tf.function(answer_prompts, input_signature=strings, autograph=False, jit_compile=False)
