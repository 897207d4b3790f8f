"""Answering several requests with one run of the session."""

import asyncio
import collections
import concurrent.futures
import contextlib
import functools
import logging

import numpy as np

from kmm.serving.server.request_error import RequestError

_LOG = logging.getLogger(__name__)


class Batcher:
    """Runs requests, merged where they wait for the same thing.

    A request runs at once when a worker is idle, so that nobody waits for company. While all workers are busy, requests
    wait, and the next idle worker takes the oldest one with those that follow for the same version, signature and
    outputs, up to `max_batch_size` rows. When a merged run fails, each request runs again alone, so that it gets its
    own error and not its neighbor's. A request of more rows than `max_batch_size` runs in slices. Whoever gives up
    waiting leaves the queue.

    It belongs to one event loop; sessions run in threads of its own.

    Args:
        max_batch_size: the most rows of one run.
        max_queued: the most rows that wait; more are refused with `RESOURCE_EXHAUSTED`.
        workers: how many runs there are at a time.
        observe_batch: function that gets the number of rows of each run.

    Example:

    >>> batcher = Batcher(max_batch_size=8)
    >>> batcher.queued_rows
    0
    >>> batcher.close()
    """

    def __init__(self, max_batch_size=32, max_queued=1024, workers=2, observe_batch=lambda rows: None):
        self.max_batch_size = max_batch_size
        self.max_queued = max_queued
        self.queued_rows = 0
        self._observe_batch = observe_batch
        self._queue = collections.deque()
        self._idle = workers
        self._threads = concurrent.futures.ThreadPoolExecutor(workers, thread_name_prefix="kmm-session")

    async def run(self, version, signature_name, inputs, output_names, rows):
        """Answers one request.

        Args:
            version: `ServedVersion` with a session.
            signature_name: a signature of that session.
            inputs: dict from names to arrays, each of `rows` rows, or of one row that stands for all.
            output_names: tuple of the outputs to compute.
            rows: number of rows.

        Returns:
            dict from names to arrays.

        Raises:
            RequestError: the queue is full, or slices of a request cannot be joined.
            tf.errors.OpError: the session refuses the inputs.
        """
        if self._queue and self.queued_rows + rows > self.max_queued:
            raise RequestError(
                "RESOURCE_EXHAUSTED", f"The queue is full: {self.queued_rows} rows are waiting. Try again later."
            )
        if rows <= self.max_batch_size:
            return await self._submit(version, signature_name, inputs, output_names, rows)
        parts = -(-rows // self.max_batch_size)
        bounds = [rows * part // parts for part in range(parts + 1)]
        slices = [slice(*pair) for pair in zip(bounds[:-1], bounds[1:], strict=True)]
        tasks = []
        for part in slices:
            own = {name: array[part] if len(array) == rows else array for name, array in inputs.items()}
            submitted = self._submit(version, signature_name, own, output_names, part.stop - part.start)
            tasks.append(asyncio.create_task(submitted))
        try:
            answers = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        if any(not array.ndim for array in answers[0].values()):
            raise RequestError(
                "INVALID_ARGUMENT", f"An output has no batch axis; send {self.max_batch_size} rows at most."
            )
        return {name: np.concatenate([answer[name] for answer in answers]) for name in output_names}

    def close(self):
        """Ends the threads, after what they are running."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _submit(self, version, signature_name, inputs, output_names, rows):
        item = _Item(version, signature_name, inputs, output_names, rows, asyncio.get_running_loop().create_future())
        self._queue.append(item)
        self.queued_rows += rows
        self._dispatch()
        try:
            return await item.future
        except asyncio.CancelledError:
            if item in self._queue:
                self._queue.remove(item)
                self.queued_rows -= rows
            raise

    def _dispatch(self):
        while self._idle and self._queue:
            batch = self._take_batch()
            if not batch:
                return
            self._idle -= 1
            loop = asyncio.get_running_loop()
            with contextlib.ExitStack() as stack:
                stack.enter_context(batch[0].version.use())
                running = loop.run_in_executor(self._threads, _run_batch, batch)
                running.add_done_callback(functools.partial(self._finish, batch, stack.pop_all()))
            self._observe_batch(sum(item.rows for item in batch))

    def _take_batch(self):
        """The oldest request and those that can be merged with it, in their order; none if nobody waits any more."""
        # Who has given up may not hold its version any longer: it must not run.
        self._queue = collections.deque(item for item in self._queue if not item.future.done())
        self.queued_rows = sum(item.rows for item in self._queue)
        if not self._queue:
            return []
        first = self._queue.popleft()
        batch, rows, rest = [first], first.rows, collections.deque()
        while self._queue and rows < self.max_batch_size:
            item = self._queue.popleft()
            if item.key == first.key and first.key is not None and rows + item.rows <= self.max_batch_size:
                batch.append(item)
                rows += item.rows
            else:
                rest.append(item)
        rest.extend(self._queue)
        self._queue = rest
        self.queued_rows -= rows
        return batch

    def _finish(self, batch, in_use, running):
        in_use.close()
        self._idle += 1
        error = running.exception()
        for item, answer in zip(batch, [error] * len(batch) if error else running.result(), strict=True):
            if item.future.done():
                continue
            if isinstance(answer, BaseException):
                item.future.set_exception(answer)
            else:
                item.future.set_result(answer)
        self._dispatch()


class _Item:
    """A request, or a slice of one, that waits."""

    def __init__(self, version, signature_name, inputs, output_names, rows, future):
        self.version = version
        self.signature_name = signature_name
        self.inputs = inputs
        self.output_names = output_names
        self.rows = rows
        self.future = future
        shapes = tuple((name, array.shape[1:]) for name, array in sorted(inputs.items()))
        whole = all(len(array) == rows for array in inputs.values())
        self.key = (version, signature_name, output_names, shapes) if whole else None


def _run_batch(batch):
    """The answers to the requests of a batch, or the exceptions that they raise; in a thread of the batcher."""
    if len(batch) > 1:
        try:
            return _run_merged(batch)
        except Exception:
            _LOG.debug("a merged run failed; its requests run alone", exc_info=True)
    return [_run_alone(item) for item in batch]


def _run_merged(batch):
    first, total = batch[0], sum(item.rows for item in batch)
    inputs = {name: np.concatenate([item.inputs[name] for item in batch]) for name in first.inputs}
    outputs = first.version.session.run(inputs, first.signature_name, first.output_names)
    if any(array.shape[:1] != (total,) for array in outputs.values()):
        raise ValueError(f"every output must have one row for each of the {total} rows. Run the requests alone.")
    ends = np.cumsum([item.rows for item in batch])
    return [
        {name: array[end - item.rows : end] for name, array in outputs.items()}
        for item, end in zip(batch, ends, strict=True)
    ]


def _run_alone(item):
    try:
        return item.version.session.run(item.inputs, item.signature_name, item.output_names)
    except Exception as error:
        return error
