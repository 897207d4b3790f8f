"""What a server answers, whatever the transport."""

import asyncio
import contextlib
import logging
import time

from kmm.serving.server.check_inputs import check_inputs
from kmm.serving.server.request_error import RequestError
from kmm.serving.server.side_thread import SideThread

_LOG = logging.getLogger(__name__)


class Predictor:
    """Finds the version that is asked, checks the inputs, runs it, and says how the versions are.

    Args:
        versions: `ModelVersions`.
        batcher: `Batcher`.
        metrics: `ServerMetrics`.
        max_rows: the most rows of a request.
        request_seconds: how long a request may wait and run.

    Attributes:
        side: the `SideThread` that reads and writes what is long.
    """

    def __init__(self, versions, batcher, metrics, max_rows=256, request_seconds=60.0):
        self.versions = versions
        self.max_rows = max_rows
        self.request_seconds = request_seconds
        self.side = SideThread()
        self._batcher = batcher
        self._metrics = metrics

    @contextlib.contextmanager
    def observed(self, transport, method):
        """A context for one request, which counts it and turns whatever is raised into `RequestError`."""
        start, code = time.perf_counter(), "OK"
        try:
            yield
        except RequestError as error:
            code = error.code
            raise
        except Exception as error:
            failure = self._translate(error)
            code = failure.code
            raise failure from None
        except BaseException:
            code = "CANCELLED"
            raise
        finally:
            self._metrics.observe_request(transport, method, code, time.perf_counter() - start)

    async def predict(self, name, number, label, read, num_bytes=0):
        """Answers a request.

        Args:
            name: name of the model.
            number: number of the version, or `None`.
            label: label of the version, or `None`.
            read: function from (a function from a signature's name to its `SignatureDef`) to the name of the signature,
                a dict of arrays, and the names of the outputs, none for all.
            num_bytes: how long the message is that it reads.

        Returns:
            dict of the outputs, in the order asked for; `ServedVersion`; the name of the signature.

        Raises:
            RequestError: with the code that belongs to what is wrong.
        """
        with self.find(name, number, label).use() as version:
            signatures = version.session.signatures

            def signature_of(signature_name):
                if signature_name not in signatures:
                    raise RequestError(
                        "FAILED_PRECONDITION", f'Serving signature name: "{signature_name}" not found in signature def'
                    )
                return signatures[signature_name]

            def prepare():
                signature_name, inputs, output_names = read(signature_of)
                signature = signature_of(signature_name)
                output_names = _check_outputs(signature, output_names)
                return signature_name, inputs, output_names, check_inputs(signature, inputs, self.max_rows)

            signature_name, inputs, output_names, rows = await self.side.run(num_bytes, prepare)
            # All outputs, whatever is asked for: TensorFlow optimizes the graph anew, and keeps it, for each choice.
            all_names = tuple(sorted(signatures[signature_name].outputs))
            try:
                async with asyncio.timeout(self.request_seconds):
                    outputs = await self._batcher.run(version, signature_name, inputs, all_names, rows)
            except TimeoutError:
                raise RequestError(
                    "DEADLINE_EXCEEDED", f"The answer took more than {self.request_seconds} seconds. Send fewer rows."
                ) from None
            return {name: outputs[name] for name in output_names}, version, signature_name

    def find(self, name, number=None, label=None):
        """The `ServedVersion` that answers; raises `RequestError`."""
        self._check_name(name, f"Servable not found for request: Latest({name})")
        return self.versions.find(number, label)

    def statuses(self, name, number=None, label=None):
        """The entries of the versions, newest first; of one version when a number or a label is given.

        Raises:
            RequestError: `NOT_FOUND`, `INVALID_ARGUMENT`.
        """
        self._check_name(name, f"Could not find any versions of model {name}")
        number = self.versions.number_of_label(label) if label is not None else number
        known = self.versions.versions
        if number is not None:
            if number not in known:
                raise RequestError("NOT_FOUND", f"Could not find version {number} of model {name}")
            return [known[number].status()]
        if not known:
            raise RequestError("NOT_FOUND", f"Could not find any versions of model {name}")
        return [known[number].status() for number in sorted(known, reverse=True)]

    def _check_name(self, name, message):
        if name != self.versions.name:
            raise RequestError("NOT_FOUND", message)

    def _translate(self, error):
        if hasattr(error, "error_code"):
            failure = RequestError.from_session(error)
            if failure.http_status >= 500:
                _LOG.warning("the model failed: %s", failure)
            return failure
        _LOG.error("a request failed in an unexpected way", exc_info=error)
        return RequestError("INTERNAL", "The server failed; its log says why.")


def _check_outputs(signature, names):
    unknown = [name for name in names if name not in signature.outputs]
    if unknown:
        raise RequestError(
            "INVALID_ARGUMENT",
            f"output tensor alias not found in signature: {unknown[0][:80]} Outputs expected to be in the set "
            f"{{{','.join(sorted(signature.outputs))}}}.",
        )
    if len(set(names)) < len(names):
        raise RequestError("INVALID_ARGUMENT", "duplicate output tensor alias: every output may be named once")
    return tuple(names) or tuple(sorted(signature.outputs))
