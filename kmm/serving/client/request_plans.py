"""What the methods of `Client` and `AsyncClient` do, without the waiting."""

import numpy as np

from kmm.serving.client.encoded_picture import EncodedPicture
from kmm.serving.client.model_plans import ModelPlans
from kmm.serving.client.photograph_bytes import photograph_bytes
from kmm.serving.client.question_rows import check_threshold, question_rows, split_rows
from kmm.serving.client.read_masks import ask_answer, picture_answers
from kmm.serving.client.serving_error import ServingError

_ANSWER = ("score", "present", "mask_png_bytes", "num_classes", "status")


class RequestPlans(ModelPlans):
    """The methods of a client as generators: each yields `RequestStep`s, gets their results sent, and returns its own.

    A client only runs the steps, blocking or with `await`; so both clients say the same.

    Args:
        address: `ModelAddress`.
        max_rows: the most rows of one request.
        max_bytes: the most bytes of photographs in one request; a single row may have more.

    Example:

    >>> from kmm.serving.client.model_address import ModelAddress
    >>> plan = RequestPlans(ModelAddress("http://127.0.0.1:8501", "kmm"), 32, 2**24).status()
    >>> type(next(plan)).__name__
    'RequestStep'
    """

    def __init__(self, address, max_rows, max_bytes):
        for name, value in (("max_rows", max_rows), ("max_bytes", max_bytes)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a positive integer. Received: {name}={value!r}. Leave it out.")
        super().__init__(address)
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._repeats_features = False

    def segment(self, image, prompts, threshold):
        """One picture; refuses a bad one."""
        answers = yield from self.segment_many([(image, prompts)], threshold)
        self._check_status(next((status for status in answers[0].statuses if status != "OK"), "OK"))
        return answers[0]

    def segment_many(self, pairs, threshold):
        """A list of `Answer`, one for each pair."""
        check_threshold(threshold)
        pairs = [(photograph_bytes(image), prompts) for image, prompts in pairs]
        return (yield from self._on_known_signatures(lambda: self._segment_many(pairs, threshold)))

    def encode_image(self, image):
        """An `EncodedPicture`."""
        content = photograph_bytes(image)
        inputs = {"image_bytes": [content]}
        outputs = yield from self._on_known_signatures(lambda: self._predict(inputs, "encode_image", None))
        self._check_status(outputs.pop("status", [b"OK"])[0].decode("utf-8", "replace"))
        height, width = outputs.pop("image_size")[0]
        return EncodedPicture(outputs, (int(height), int(width)))

    def ask(self, picture, prompts):
        """An `Answer` about an encoded picture."""
        if not isinstance(picture, EncodedPicture):
            raise TypeError(
                f"A picture to ask about must be encoded first. Received: {type(picture).__name__}. "
                "Use what encode_image(image) returns."
            )
        return (yield from self._on_known_signatures(lambda: self._ask(picture, prompts)))

    def _segment_many(self, pairs, threshold):
        name = "segment" if "segment" in self._metadata["signatures"] else "serving_default"
        signature = self._signature(name)
        if threshold is not None and "threshold" not in signature["inputs"]:
            raise ValueError(
                f"The export must take thresholds. Received: threshold={threshold}, inputs of {name!r}: "
                f"{sorted(signature['inputs'])}. Leave the threshold out, or export the model anew."
            )
        images, prompts, counts = question_rows(pairs, "prompt" in signature["inputs"])
        wanted = [n for n in _ANSWER if n in signature["outputs"]]
        parts = []
        for rows in split_rows([len(image) for image in images], self._max_rows, self._max_bytes):
            inputs = {"image_bytes": images[rows]}
            if "prompt" in signature["inputs"]:
                inputs["prompt"] = prompts[rows]
            if "threshold" in signature["inputs"]:
                values = np.full(len(images[rows]), -1.0 if threshold is None else threshold, "float32")
                inputs["threshold"] = values
            part = yield from self._predict(inputs, name, wanted)
            self._check_lengths(part, len(images[rows]))
            parts.append(part)
        outputs = {name: np.concatenate([part[name] for part in parts]) for name in wanted} if parts else {}
        try:
            # Where the answer says nothing of classes, the metadata do, which may be those of an earlier version.
            return picture_answers(outputs, counts, self._num_classes())
        except (OSError, SyntaxError, ValueError) as error:  # Pillow raises these of damaged files
            raise ServingError("INTERNAL", f"masks that are no PNG files: {error}", str(self._address)) from error

    def _ask(self, picture, prompts):
        takes_words = "prompt" in self._signature("ask")["inputs"]
        _, texts, _ = question_rows([(b"", prompts)], takes_words)
        try:
            outputs = yield from self._ask_rows(picture.features, texts, takes_words, self._repeats_features)
        except ServingError as error:
            if error.code != "INVALID_ARGUMENT" or self._repeats_features or len(texts) == 1:
                raise
            # A server that merges requests wants the same number of rows everywhere.
            outputs = yield from self._ask_rows(picture.features, texts, takes_words, repeat=True)
            self._repeats_features = True
        return ask_answer(outputs, picture.image_size)

    def _ask_rows(self, features, texts, takes_words, repeat):
        size = sum(level.nbytes for level in features.values()) if repeat else 0
        parts = []
        for rows in split_rows([size] * len(texts), self._max_rows, self._max_bytes):
            count = len(texts[rows])
            inputs = {name: np.repeat(level, count if repeat else 1, axis=0) for name, level in features.items()}
            if takes_words:
                inputs["prompt"] = texts[rows]
            part = yield from self._predict(inputs, "ask", None)
            self._check_lengths(part, count)
            parts.append(part)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _num_classes(self):
        logits = self._metadata["signatures"].get("predict_tensors", {}).get("outputs", {}).get("logits", {})
        return (logits.get("shape") or (None,))[-1]

    def _check_lengths(self, outputs, count):
        lengths = {name: len(value) for name, value in outputs.items()}
        if set(lengths.values()) != {count}:
            raise ServingError("INTERNAL", f"an answer of {lengths} rows to {count}", str(self._address))

    def _check_status(self, status):
        if status != "OK":
            raise ValueError(
                f"The server must be able to read the picture. Received: {status.rstrip('.')}. "
                "Send a whole JPEG or PNG file."
            )
