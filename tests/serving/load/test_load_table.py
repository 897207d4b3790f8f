from kmm.serving.load.load_report import load_report
from kmm.serving.load.load_table import load_table


def test_errors_are_listed_by_code():
    answers = ["OK", "OK", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "UNAVAILABLE"]
    samples = [{"start": 0.1 * i, "latency": 0.1, "answer": answer} for i, answer in enumerate(answers)]
    lines = load_table(load_report(samples)).splitlines()
    assert lines[1].split() == ["5", "2", "3", "4.0", "4.0"]
    assert lines[3].split() == ["100.0"] * 5
    assert [line.split() for line in lines[4:]] == [["errors"], ["UNAVAILABLE", "2"], ["RESOURCE_EXHAUSTED", "1"]]


def test_without_errors_or_without_answers():
    assert "\nerrors" not in load_table(load_report([{"start": 0.0, "latency": 0.1, "answer": "OK"}]))
    assert "latency" not in load_table(load_report([{"start": 0.0, "latency": 0.1, "answer": "UNAVAILABLE"}]))
