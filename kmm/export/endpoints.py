"""The named functions of an export: what goes in, what comes out."""

import tensorflow as tf

from kmm import feature_keys
from kmm.export import statuses
from kmm.export.draw_answers import answer_masks, blank, draw_pngs
from kmm.export.read_pictures import read_pictures
from kmm.export.read_waveforms import read_waveforms
from kmm.preprocessing.clean_prompts import clean_prompts
from kmm.preprocessing.prompt_tokenizer import UNKNOWN_ID

IMAGE_BYTES, PROMPT, THRESHOLD = "image_bytes", "prompt", "threshold"
AUDIO_BYTES = "audio_bytes"


class Endpoints:
    """Builds the endpoints of an export; `functions` holds them by name. `export_saved_model` says what each does.

    Args:
        parts: `ModelParts`.
        threshold: probability above which a pixel belongs to a binary mask.
        max_bytes: the longest file that is read.
        max_pixels: the largest picture, height times width, that is decoded.
    """

    def __init__(self, parts, threshold, max_bytes, max_pixels):
        self.parts, self.threshold = parts, threshold
        self.max_bytes, self.max_pixels = max_bytes, max_pixels
        asked = [_strings(IMAGE_BYTES), *self._prompt_specs(), *self._other_specs()]
        per_row = tf.TensorSpec((None,), "float32", name=THRESHOLD)
        images = tf.TensorSpec((None, *parts.image_size, 3), "float32", name=feature_keys.IMAGES)
        self.functions = {
            "serving_default": _endpoint(self._serve, asked),
            "segment": _endpoint(self._segment, [*asked, per_row]),
            "predict_tensors": _endpoint(self._predict, [images, *parts.context_specs.values()]),
        }
        if parts.in_two_steps and parts.context_specs:
            features = [tf.TensorSpec(s.shape, "float32", name=s.name) for s in parts.feature_specs.values()]
            # Features may be those of one picture for all prompts, so their number of rows is not compared.
            asked = [*features, *self._prompt_specs(), *self._other_specs()]
            self.functions["encode_image"] = _endpoint(self._encode_image, [_strings(IMAGE_BYTES)])
            self.functions["ask"] = _endpoint(self._ask, asked, free=len(features))
        encoders = getattr(parts.model, "context_encoders", {})
        if self._prompt_specs() and len(encoders) == 1:
            self._words = next(iter(encoders.values()))
            self.functions["encode_text"] = _endpoint(self._encode_text, self._prompt_specs())
        if hasattr(parts.model, "embed_image") and hasattr(parts.model, "embed_text"):
            self.functions["embed"] = _endpoint(self._embed, [_strings(IMAGE_BYTES), _strings(PROMPT)])

    def _prompt_specs(self):
        return [] if self.parts.tokenizer is None else [_strings(PROMPT)]

    def _other_specs(self):
        specs = self.parts.other_specs
        return [_strings(AUDIO_BYTES) if name == feature_keys.WAVEFORMS else spec for name, spec in specs.items()]

    def _read(self, image_bytes):
        """Distinct files once: places of the rows among them, pictures, sizes and what is wrong."""
        files, places = tf.unique(image_bytes)
        return places, *read_pictures(files, self.parts.image_size, self.max_bytes, self.max_pixels)

    def _context(self, given):
        """The model's inputs beside the picture, and what is wrong with them, row by row."""
        inputs = self.parts.tokenize(given[PROMPT]) if PROMPT in given else {}
        status = None
        for name, spec in self.parts.other_specs.items():
            if name == feature_keys.WAVEFORMS:
                rate = self.parts.model.sample_rate
                inputs[name], status = read_waveforms(given[AUDIO_BYTES], spec.shape[1], rate, self.max_bytes)
            else:
                inputs[name] = given[name]
        return inputs, status

    def _answer(self, given):
        """Logits of every row, sizes of the pictures, and status."""
        places, images, sizes, status = self._read(given[IMAGE_BYTES])
        inputs, wrong = self._context(given)
        features = self._spread(self.parts.encode(images), lambda feature: tf.gather(feature, places))
        status = tf.gather(status, places)
        if wrong is not None:
            status = tf.where(status == statuses.OK, wrong, status)
        return self.parts.ask(features, inputs), tf.gather(sizes, places), status

    def _serve(self, given):
        outputs, sizes, status = self._answer(given)
        answered = status == statuses.OK
        threshold = tf.fill(tf.shape(status), tf.constant(self.threshold))
        pngs = draw_pngs(outputs["logits"], sizes, answered, threshold)
        return {**answer_masks(outputs, answered, threshold), "mask_png_bytes": pngs, "status": status}

    def _segment(self, given):
        outputs, sizes, status = self._answer(given)
        answered, threshold = status == statuses.OK, given[THRESHOLD]
        threshold = tf.where((threshold > 0.0) & (threshold < 1.0), threshold, self.threshold)
        pngs = draw_pngs(outputs["logits"], sizes, answered, threshold)
        answer = answer_masks(outputs, answered, threshold)
        del answer["mask"]
        num_classes = tf.fill(tf.shape(status), self.parts.num_classes)  # says how to read the PNG files
        return {**answer, "mask_png_bytes": pngs, "num_classes": num_classes, "status": status}

    def _predict(self, given):
        inputs = dict(given)
        vocabulary_size = getattr(self.parts.tokenizer, "vocabulary_size", None)
        if feature_keys.TOKEN_IDS in inputs and vocabulary_size:  # an id that is none would fail a whole merged batch
            ids = inputs[feature_keys.TOKEN_IDS]
            inputs[feature_keys.TOKEN_IDS] = tf.where((ids >= 0) & (ids < vocabulary_size), ids, UNKNOWN_ID)
        if feature_keys.PROMPTS in inputs:
            inputs[feature_keys.PROMPTS] = clean_prompts(inputs[feature_keys.PROMPTS])
        return self.parts.ask(self.parts.encode(inputs.pop(feature_keys.IMAGES)), inputs)

    def _encode_image(self, given):
        places, images, sizes, status = self._read(given[IMAGE_BYTES])
        status = tf.gather(status, places)
        features = self.parts.encode(images)
        features = {name: tf.gather(tf.cast(value, "float32"), places) for name, value in features.items()}
        features = {name: blank(value, status == statuses.OK) for name, value in features.items()}
        return {**features, "image_size": tf.gather(sizes, places), "status": status}

    def _ask(self, given):
        inputs, status = self._context(given)
        rows = tf.shape(next(iter(inputs.values())))[0]
        features = {name: tf.cast(given[name], spec.dtype) for name, spec in self.parts.feature_specs.items()}
        pictures = [tf.shape(feature)[0] for feature in features.values()]
        fitting = tf.reduce_all([(number == rows) | (number == 1) for number in pictures])
        message = "Features must have one row for each prompt, or one row for all. Received rows of features, prompts:"
        with tf.control_dependencies([tf.debugging.Assert(fitting, [message, *pictures, rows])]):
            features = self._spread(features, lambda feature: _repeat(feature, rows))
        answered = tf.fill((rows,), True) if status is None else status == statuses.OK
        answer = answer_masks(self.parts.ask(features, inputs), answered, tf.fill((rows,), self.threshold))
        return answer if status is None else {**answer, "status": status}

    def _spread(self, features, to_rows):
        """A row of features for each row to answer. Those of one picture stay one row where that gives the same."""
        spread = {}
        for name, feature in features.items():
            if name in self.parts.shared_levels:
                one = tf.shape(feature)[0] == 1
                spread[name] = tf.cond(one, lambda f=feature: f, lambda f=feature: to_rows(f))
            else:
                spread[name] = to_rows(feature)
        return spread

    def _encode_text(self, given):
        inputs = self.parts.tokenize(given[PROMPT])
        context = self._words({name: inputs[name] for name in self._words.input}, training=False)
        kept = {name: tf.cast(context[name], "float32") for name in (feature_keys.SEQUENCE, feature_keys.POOLED)}
        return {**kept, feature_keys.PADDING_MASK: tf.cast(context[feature_keys.PADDING_MASK], "uint8")}

    def _embed(self, given):
        places, images, _, status = self._read(given[IMAGE_BYTES])
        image = self.parts.model.embed_image(tf.cast(images, "float32"), training=False)
        image = tf.gather(tf.cast(image, "float32"), places)
        status = tf.gather(status, places)
        text = self.parts.model.embed_text(self.parts.tokenizer(given[PROMPT]), training=False)
        image = blank(image, status == statuses.OK)
        return {"image_embedding": image, "text_embedding": tf.cast(text, "float32"), "status": status}


def _strings(name):
    return tf.TensorSpec((None,), "string", name=name)


def _endpoint(function, specs, free=0):
    """A graph function that refuses other shapes and, but for the first `free` inputs, unequal numbers of rows."""

    def checked(*values):
        values = [tf.ensure_shape(value, spec.shape) for value, spec in zip(values, specs, strict=True)]
        names = [spec.name for spec in specs]
        rows = [tf.shape(value)[0] for value in values[free:]]
        equal = [tf.debugging.assert_positive(rows[0], f"{names[free]} must have at least one row.")]
        equal += [
            tf.debugging.assert_equal(other, rows[0], f"{name} must have as many rows as {names[free]}.")
            for name, other in zip(names[free + 1 :], rows[1:], strict=True)
        ]
        with tf.control_dependencies(equal):
            return function({name: tf.identity(value) for name, value in zip(names, values, strict=True)})

    return tf.function(checked, input_signature=specs, autograph=False, jit_compile=False)


def _repeat(feature, rows):
    """One row for all, or one for each."""
    return tf.cond(tf.shape(feature)[0] == 1, lambda: tf.repeat(feature, rows, axis=0), lambda: feature)
