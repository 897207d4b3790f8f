"""Requests from several threads at a time, and how long each took."""

import threading
import time


def run_load(make_send, num_requests, concurrency=1, rate=None, max_seconds=None, progress=None):
    """Sends requests from several threads until all are answered, and notes when and how.

    Without `rate` each thread sends its next request as soon as it has an answer, so the server sets the pace. With
    `rate` requests are due at regular times, whatever the server does, and a latency counts from the time at which its
    request was due: a server that stalls cannot hide the requests that had to wait.

    Args:
        make_send: function called once in every thread, for a connection of its own. It returns a function of the
            request's index that sends it and returns a word for the answer: "OK", or the code of what went wrong.
        num_requests: how many requests are sent.
        concurrency: number of threads, so the most requests that wait for an answer at a time.
        rate: requests due per second; `None` for as many as are answered.
        max_seconds: no request starts later than this; `None` for no limit.
        progress: function of the numbers done and in total, called after each answer; `None` for none.

    Returns:
        list of dicts in the order in which the requests started, each with `start` (seconds since the beginning),
        `latency` (seconds) and `answer`.

    Raises:
        ValueError: a number is not positive.
        Exception: whatever `make_send` or a `send` raises; all threads stop.

    Example:

    >>> samples = run_load(lambda: lambda index: "OK" if index else "NOT_FOUND", num_requests=3, concurrency=2)
    >>> sorted(sample["answer"] for sample in samples)
    ['NOT_FOUND', 'OK', 'OK']
    """
    numbers = {"num_requests": num_requests, "concurrency": concurrency, "rate": rate, "max_seconds": max_seconds}
    for name, number in numbers.items():
        if number is not None and not number > 0:
            raise ValueError(f"{name} must be positive. Received: {name}={number}. Give at least 1, or leave it out.")
    load = _Load(num_requests, rate, max_seconds, progress)
    threads = [
        threading.Thread(target=load.work, args=(make_send,), daemon=True)
        for _ in range(min(concurrency, num_requests))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        load.stopped.set()
    if load.errors:
        raise load.errors[0]
    return sorted(load.samples, key=lambda sample: sample["start"])


class _Load:
    """What the threads share."""

    def __init__(self, num_requests, rate, max_seconds, progress):
        self.num_requests, self.rate, self.max_seconds, self.progress = num_requests, rate, max_seconds, progress
        self.samples, self.errors, self.next_index = [], [], 0
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.beginning = time.perf_counter()

    def work(self, make_send):
        """What one thread does."""
        try:
            send = make_send()
            while (request := self._take()) is not None:
                self._note(request[1], send(request[0]))
        except BaseException as error:
            self.errors.append(error)
            self.stopped.set()

    def _take(self):
        """Index and start of the next request, once it is due; `None` when no more shall be sent."""
        with self.lock:
            index = self.next_index
            self.next_index += 1
        now = time.perf_counter() - self.beginning
        start = now if self.rate is None else index / self.rate
        late = self.max_seconds is not None and max(start, now) > self.max_seconds
        if index >= self.num_requests or late or self.stopped.is_set():
            return None
        if self.stopped.wait(max(0.0, start - now)):
            return None
        return index, time.perf_counter() - self.beginning if self.rate is None else start

    def _note(self, start, answer):
        latency = time.perf_counter() - self.beginning - start
        with self.lock:
            self.samples.append({"start": start, "latency": latency, "answer": answer})
            if self.progress:
                self.progress(len(self.samples), self.num_requests)
