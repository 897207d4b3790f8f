"""What the answers to many requests amount to."""

import collections

import numpy as np

PERCENTILES = (50, 90, 95, 99)


def load_report(samples, rows_per_request=1):
    """Counts, rates and percentiles of requests.

    Latencies are those of the requests that were answered with "OK": errors are often quick and would flatter them.
    Rates count the same requests, over the time from the first start to the last answer.

    Args:
        samples: what `run_load` returns.
        rows_per_request: questions in each request.

    Returns:
        dict of JSON values with `requests` and `errors` (numbers), `answers` (dict from each answer to its number),
        `rows_per_request`, `seconds`, `requests_per_second`, `rows_per_second`, `latency_ms` (dict `mean`, `p50`,
        `p90`, `p95`, `p99`, `max`; `None` where no request was answered), and `samples`, a dict of lists `start`
        (seconds), `latency_ms` and `answer`, in the order of the starts.

    Raises:
        ValueError: there is no sample.

    Example:

    >>> report = load_report([{"start": 0.0, "latency": 0.25, "answer": "OK"}], rows_per_request=2)
    >>> report["rows_per_second"], report["latency_ms"]["p99"], report["errors"]
    (8.0, 250.0, 0)
    """
    if not samples:
        raise ValueError(
            "A load needs at least one request. Received: 0 samples. Give it more time before it has to stop."
        )
    answers = collections.Counter(sample["answer"] for sample in samples)
    beginning = min(sample["start"] for sample in samples)
    seconds = max(sample["start"] + sample["latency"] for sample in samples) - beginning
    latencies = np.array([1000 * sample["latency"] for sample in samples if sample["answer"] == "OK"])
    per_second = len(latencies) / max(seconds, 1e-9)
    return {
        "requests": len(samples),
        "errors": len(samples) - len(latencies),
        "answers": dict(answers.most_common()),
        "rows_per_request": rows_per_request,
        "seconds": round(seconds, 6),
        "requests_per_second": round(per_second, 3),
        "rows_per_second": round(per_second * rows_per_request, 3),
        "latency_ms": _latencies(latencies) if len(latencies) else None,
        "samples": {
            "start": [round(sample["start"] - beginning, 6) for sample in samples],
            "latency_ms": [round(1000 * sample["latency"], 3) for sample in samples],
            "answer": [sample["answer"] for sample in samples],
        },
    }


def _latencies(latencies):
    values = {f"p{percentile}": np.percentile(latencies, percentile) for percentile in PERCENTILES}
    values = {"mean": latencies.mean(), **values, "max": latencies.max()}
    return {name: round(float(value), 3) for name, value in values.items()}
