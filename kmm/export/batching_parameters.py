"""How a server merges requests, in the text format of its own message."""

import os

BATCHING_FILE = "batching_params.pbtxt"
"""Where a server looks for it inside a version's folder."""

MAX_BATCH_ROWS = 16
"""How many rows run at a time."""

MAX_REQUEST_ROWS = 256
"""How many rows one request may have; it is split."""


def batching_parameters(cores=None):
    """How requests that wait at a time are merged, for one model or for a whole server.

    A request runs at once when a thread is idle, and is merged with others while all are busy. A full queue answers
    UNAVAILABLE, before requests wait for longer than clients do.

    Args:
        cores: how many batches run at a time; `None` for the cores of this computer.

    Returns:
        text, a `BatchingParameters`.

    Example:

    >>> print(batching_parameters(cores=2).splitlines()[0])
    max_batch_size { value: 256 }
    """
    cores = cores or os.cpu_count() or 1
    values = {
        "max_batch_size": MAX_REQUEST_ROWS,
        "enable_large_batch_splitting": "true",
        "max_execution_batch_size": MAX_BATCH_ROWS,
        "batch_timeout_micros": 0,
        "num_batch_threads": cores,
        "max_enqueued_batches": max(8, 4 * cores),
    }
    return "".join(f"{name} {{ value: {value} }}\n" for name, value in values.items())
