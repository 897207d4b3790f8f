import json

import numpy as np
import pytest

from kmm.serving.load.load_report import load_report


def test_counts_rates_and_percentiles():
    random = np.random.default_rng(0)
    latencies = random.uniform(0.01, 0.03, 200)
    samples = [{"start": 5 + 0.01 * i, "latency": latencies[i], "answer": "OK"} for i in range(200)]
    samples[7]["answer"] = samples[8]["answer"] = "UNAVAILABLE"
    samples[9]["answer"] = "NOT_AN_IMAGE"
    samples[7]["latency"] = 1e-6
    report = load_report(samples, rows_per_request=4)
    assert report["requests"] == 200 and report["errors"] == 3
    assert report["answers"] == {"OK": 197, "UNAVAILABLE": 2, "NOT_AN_IMAGE": 1}
    seconds = 1.99 + latencies[199]
    assert report["seconds"] == pytest.approx(seconds, abs=0.03)
    assert report["requests_per_second"] == pytest.approx(197 / report["seconds"], rel=1e-3)
    assert report["rows_per_second"] == pytest.approx(4 * report["requests_per_second"], rel=1e-3)
    answered = 1000 * np.delete(latencies, [7, 8, 9])
    for name, expected in {"p50": np.percentile(answered, 50), "p99": np.percentile(answered, 99)}.items():
        assert report["latency_ms"][name] == pytest.approx(expected, abs=1e-3)
    assert report["latency_ms"]["max"] == pytest.approx(answered.max(), abs=1e-3)
    assert report["samples"]["start"][0] == 0 and len(report["samples"]["answer"]) == 200
    json.dumps(report)


def test_without_an_answer():
    report = load_report([{"start": 0.0, "latency": 0.1, "answer": "UNAVAILABLE"}])
    assert report["latency_ms"] is None and report["requests_per_second"] == 0 and report["errors"] == 1


def test_errors():
    with pytest.raises(ValueError, match="at least one request. Received: 0 samples"):
        load_report([])
