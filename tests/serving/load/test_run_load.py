import threading
import time

import pytest

from kmm.serving.load.run_load import run_load


def test_every_request_is_sent_once_and_each_thread_has_its_own_connection():
    sent, connections, progress = [], [], []

    def make_send():
        connections.append(threading.get_ident())

        def send(index):
            sent.append((index, threading.get_ident()))
            time.sleep(0.002)
            return "OK" if index % 4 else "UNAVAILABLE"

        return send

    samples = run_load(make_send, 40, concurrency=4, progress=lambda *numbers: progress.append(numbers))
    assert sorted(index for index, _ in sent) == list(range(40))
    assert len(set(connections)) == 4 and {thread for _, thread in sent} <= set(connections)
    assert [sample["answer"] for sample in samples].count("UNAVAILABLE") == 10
    assert all(sample["latency"] >= 0.002 for sample in samples)
    starts = [sample["start"] for sample in samples]
    assert starts == sorted(starts)
    assert progress == [(done, 40) for done in range(1, 41)]


def test_with_a_rate_a_latency_counts_from_when_the_request_was_due():
    def stall_once(index):
        time.sleep(0.1 if index == 0 else 0.001)
        return "OK"

    samples = run_load(lambda: stall_once, 6, concurrency=1, rate=100)
    assert [round(sample["start"], 6) for sample in samples] == [0.0, 0.01, 0.02, 0.03, 0.04, 0.05]
    assert samples[1]["latency"] > 0.08  # it waited for the first, which is the server's fault
    spread = run_load(lambda: lambda index: "OK", 4, concurrency=2, rate=100)
    assert spread[-1]["start"] + spread[-1]["latency"] >= 0.03


def test_ends_in_time():
    samples = run_load(lambda: lambda index: time.sleep(0.01) or "OK", 1000, concurrency=2, max_seconds=0.1)
    assert 2 <= len(samples) < 40
    assert len(run_load(lambda: lambda index: "OK", 1000, rate=50, max_seconds=0.1)) <= 6


def test_what_a_connection_raises_stops_all_threads():
    def send(index):
        if index == 5:
            raise RuntimeError("a mistake in the program")
        time.sleep(0.001)
        return "OK"

    with pytest.raises(RuntimeError, match="a mistake in the program"):
        run_load(lambda: send, 10_000_000, concurrency=3)


@pytest.mark.parametrize("name", ["num_requests", "concurrency", "rate", "max_seconds"])
def test_errors(name):
    with pytest.raises(ValueError, match=f"{name} must be positive. Received: {name}=0"):
        run_load(lambda: lambda index: "OK", **{"num_requests": 1, name: 0})
