"""Asking a model server."""

import time

from kmm.serving.client.client_base import ClientBase, check_limits
from kmm.serving.client.grpc_transport import GrpcTransport
from kmm.serving.client.rest_transport import RestTransport
from kmm.serving.client.serving_error import ServingError


class Client(ClientBase):
    """Asks TensorFlow Serving or `kmm serve` for masks of photographs.

    Over REST it needs NumPy and Pillow alone, neither TensorFlow nor Keras; over gRPC the extra `serving`. gRPC sends
    fewer bytes, and only the outputs that are wanted.

    Requests that found no server, or one with too much to do, are sent again after a pause, which doubles each time;
    errors of the request itself are not. `timeout` is for one request with all its tries. Several threads may use one
    client.

    Args:
        url: `http://127.0.0.1:8501` for REST, `grpc://127.0.0.1:8500` for gRPC; `https://` and `grpcs://` encrypt.
        model: name under which the model is served.
        version: number of the version to ask; `None` for the latest.
        label: label of the version to ask, such as "stable"; `None` for none.
        timeout: seconds for one request.
        retries: how many times a request is sent again.
        max_rows: the most rows of one request; `segment` and `segment_many` split what has more.
        max_bytes: the most bytes of photographs in one request; a single row may have more.
        headers: dict of further HTTP headers or gRPC metadata, for instance `Authorization`.

    Raises:
        ImportError: gRPC is asked for and not installed.
        ValueError: an argument makes no sense.

    Example:

    >>> with Client("http://127.0.0.1:8501", model="kmm", label="stable") as client:
    ...     print(client)
    Client('http://127.0.0.1:8501 (model 'kmm' label 'stable')')
    """

    def _prepare(self):
        return (GrpcTransport if self._over_grpc else RestTransport)(self._address, self._headers)

    def segment(self, image, prompts=None, threshold=None):
        """Finds what prompts name in a photograph.

        The masks of a photograph that its EXIF data turn are those of the upright photograph.

        Args:
            image: path of a JPEG or PNG file, its content as bytes, a uint8 array `(height, width, 3)` or
                `(height, width)`, or a `PIL.Image.Image`.
            prompts: a string or a list of strings; `None` for a model without words.
            threshold: probability above which a pixel belongs to a mask, for a model with one class; `None` for the
                one with which the model was exported.

        Returns:
            `Answer` with a mask for each prompt.

        Raises:
            FileNotFoundError: there is no such file.
            TypeError: the image or a prompt is something else.
            ValueError: the server cannot read the picture, or an argument does not suit the model.
            ServingError: the server refused, failed, or could not be reached.
        """
        return self._run(self._plans.segment(image, prompts, threshold))

    def segment_many(self, pairs, threshold=None):
        """Finds what prompts name in several photographs, several in a request.

        Args:
            pairs: list of pairs of an image and its prompts, each as in `segment`.
            threshold: see `segment`.

        Returns:
            list of `Answer`, one for each pair. A photograph that the server cannot read raises nothing: the `statuses`
            of its answer say what is wrong, and `ok` is false.

        Raises:
            as `segment`, but for pictures that the server cannot read.
        """
        return self._run(self._plans.segment_many(pairs, threshold))

    def encode_image(self, image):
        """Encodes a photograph once, for many questions by `ask`.

        Args:
            image: see `segment`.

        Returns:
            `EncodedPicture`; over REST it travels as a long list of numbers, so gRPC suits better.

        Raises:
            as `segment`.
        """
        return self._run(self._plans.encode_image(image))

    def ask(self, picture, prompts=None):
        """Finds what prompts name in a photograph that `encode_image` has encoded.

        Args:
            picture: `EncodedPicture`.
            prompts: see `segment`.

        Returns:
            `Answer`. Its masks are found at the model's size and enlarged without smoothing, so their outlines are
            coarser than those of `segment`.

        Raises:
            as `segment`.
        """
        return self._run(self._plans.ask(picture, prompts))

    def predict(self, inputs, signature_name="serving_default", output_names=None):
        """Runs any signature of the model.

        Args:
            inputs: dict from all names of inputs to arrays, or lists of `bytes` or strings.
            signature_name: name of the signature; `metadata()` lists them.
            output_names: names of the wanted outputs; `None` for all.

        Returns:
            dict from names to arrays; strings as object arrays of `bytes`.

        Raises:
            ValueError: there is no such signature, input or output.
            ServingError: see `segment`.
        """
        return self._run(self._plans.predict(inputs, signature_name, output_names))

    def status(self):
        """The states of the model's versions.

        Returns:
            list of dicts with `version` (int), `state` ("AVAILABLE", "LOADING", "END", ...), `error_code` and
            `error_message`.

        Raises:
            ServingError: see `segment`.
        """
        return self._run(self._plans.status())

    def metadata(self):
        """What the model takes and gives.

        Returns:
            dict with `version` (int) and `signatures`: dict from each name to a dict with `inputs` and `outputs`, in
            which each name has a dict of `dtype`, as in NumPy or "string", and `shape`, with `None` for any size.

        Raises:
            ServingError: see `segment`.
        """
        return self._run(self._plans.metadata())

    def wait_until_ready(self, timeout=60.0):
        """Waits until the server answers and has a version of the model to ask.

        Args:
            timeout: seconds.

        Returns:
            the number of the version.

        Raises:
            ServingError: it took longer, with what the server said last.
        """
        return self._run(self._plans.wait_until_ready(check_limits(timeout, 0)[0]))

    def close(self):
        """Closes the connections; the client cannot ask afterwards."""
        self._transport.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _run(self, plan):
        try:
            step = next(plan)
            while True:
                try:
                    result = self._send(step)
                except (ServingError, ValueError) as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(result)
        except StopIteration as stop:
            return stop.value

    def _send(self, step):
        attempts = self._attempts(step)
        while True:
            try:
                result = step.call(self._transport, attempts.seconds_left())
                step.check(result)
                return result
            except ServingError as error:
                pause = attempts.pause_after(error)
            time.sleep(pause)
