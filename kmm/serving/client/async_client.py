"""Asking a model server from coroutines."""

import asyncio

from kmm.serving.client import client_messages
from kmm.serving.client.async_grpc_transport import AsyncGrpcTransport
from kmm.serving.client.client_base import ClientBase, check_limits
from kmm.serving.client.rest_transport import RestTransport
from kmm.serving.client.serving_error import ServingError
from kmm.serving.client.threaded_transport import ThreadedTransport


class AsyncClient(ClientBase):
    """`Client` with coroutines: the same methods, arguments, answers and errors, each to be awaited.

    Over gRPC requests run in the event loop; over REST, which needs the standard library alone, in threads. Pictures
    are read and masks are decoded in threads too, so the loop is never held up. Use a client in one event loop only.

    Args:
        url: `http://127.0.0.1:8501` for REST, `grpc://127.0.0.1:8500` for gRPC; `https://` and `grpcs://` encrypt.
        model: name under which the model is served.
        version: number of the version to ask; `None` for the latest.
        label: label of the version to ask, such as "stable"; `None` for none.
        timeout: seconds for one request with all its tries.
        retries: how many times a request is sent again.
        max_rows: the most rows of one request; `segment` and `segment_many` split what has more.
        max_bytes: the most bytes of photographs in one request; a single row may have more.
        headers: dict of further HTTP headers or gRPC metadata, for instance `Authorization`.

    Raises:
        ImportError: gRPC is asked for and not installed.
        ValueError: an argument makes no sense.

    Example:

    >>> async def open_and_close():
    ...     async with AsyncClient("http://127.0.0.1:8501") as client:
    ...         return client
    >>> asyncio.run(open_and_close())
    AsyncClient('http://127.0.0.1:8501 (model 'kmm')')
    """

    def _prepare(self):
        if self._over_grpc:
            client_messages.import_grpc()
        return None  # it belongs inside the event loop

    async def segment(self, image, prompts=None, threshold=None):
        """See `Client.segment`."""
        return await self._run(self._plans.segment(image, prompts, threshold))

    async def segment_many(self, pairs, threshold=None):
        """See `Client.segment_many`."""
        return await self._run(self._plans.segment_many(pairs, threshold))

    async def encode_image(self, image):
        """See `Client.encode_image`."""
        return await self._run(self._plans.encode_image(image))

    async def ask(self, picture, prompts=None):
        """See `Client.ask`."""
        return await self._run(self._plans.ask(picture, prompts))

    async def predict(self, inputs, signature_name="serving_default", output_names=None):
        """See `Client.predict`."""
        return await self._run(self._plans.predict(inputs, signature_name, output_names))

    async def status(self):
        """See `Client.status`."""
        return await self._run(self._plans.status())

    async def metadata(self):
        """See `Client.metadata`."""
        return await self._run(self._plans.metadata())

    async def wait_until_ready(self, timeout=60.0):
        """See `Client.wait_until_ready`."""
        return await self._run(self._plans.wait_until_ready(check_limits(timeout, 0)[0]))

    async def close(self):
        """Closes the connections."""
        if self._transport is not None:
            await self._transport.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        await self.close()

    async def _run(self, plan):
        step, answer = await asyncio.to_thread(_advance, plan.send, None)
        while step is not None:
            try:
                result = await self._send(step)
            except (ServingError, ValueError) as error:
                step, answer = await asyncio.to_thread(_advance, plan.throw, error)
            else:
                step, answer = await asyncio.to_thread(_advance, plan.send, result)
        return answer

    async def _send(self, step):
        attempts = self._attempts(step)
        while True:
            try:
                result = await step.call(self._open(), attempts.seconds_left())
                step.check(result)
                return result
            except ServingError as error:
                pause = attempts.pause_after(error)
            await asyncio.sleep(pause)

    def _open(self):
        if self._transport is None:
            if self._over_grpc:
                self._transport = AsyncGrpcTransport(self._address, self._headers)
            else:
                self._transport = ThreadedTransport(RestTransport(self._address, self._headers))
        return self._transport


def _advance(move, value):
    """The plan's next step and no answer, or no step and its answer; a `StopIteration` cannot leave a thread."""
    try:
        return move(value), None
    except StopIteration as stop:
        return None, stop.value
