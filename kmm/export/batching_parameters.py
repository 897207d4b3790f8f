"""How a server merges requests, in the text form of its own message."""

import os

BATCHING_FILE = "batching_params.pbtxt"


def batching_parameters(max_batch_size=16, timeout_micros=1000, max_enqueued_batches=64, num_threads=None):
    """Text of a `tensorflow.serving.BatchingParameters`.

    Args:
        max_batch_size: rows of a merged batch at most.
        timeout_micros: how long a request waits for others, in microseconds.
        max_enqueued_batches: batches that wait at most; beyond, requests are refused.
        num_threads: batches computed at a time; `None` for the cores of this computer.

    Example:

    >>> print(batching_parameters(max_batch_size=8, num_threads=2))
    max_batch_size { value: 8 }
    batch_timeout_micros { value: 1000 }
    max_enqueued_batches { value: 64 }
    num_batch_threads { value: 2 }
    <BLANKLINE>
    """
    num_threads = num_threads or os.cpu_count()
    return (
        f"max_batch_size {{ value: {max_batch_size} }}\n"
        f"batch_timeout_micros {{ value: {timeout_micros} }}\n"
        f"max_enqueued_batches {{ value: {max_enqueued_batches} }}\n"
        f"num_batch_threads {{ value: {num_threads} }}\n"
    )
