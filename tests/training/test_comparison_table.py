import csv
import json

import pytest

from kmm.training.comparison_table import budget, make_rows, score_name, write_tables

SETTINGS = {"over": "text_encoder", "task": "referring", "data": "shapes", "preset": "shapes"}
SETTINGS |= {"image_size": [64, 96], "steps": 20, "batch_size": 4}


def run(variant, seed, score=None, shuffled=0.1, seconds=10.0, error=None):
    if error:
        return {"variant": variant, "seed": seed, "error": error}
    scores = {"overall_iou": score, "mean_iou": score + 0.1, "shuffled_prompts": {"overall_iou": shuffled}}
    scores["shuffled_prompts"]["mean_iou"] = None
    ended = {"scores": scores, "parameters": 12345, "training_seconds": seconds}
    return {"variant": variant, "seed": seed, "error": None, **ended}


RUNS = [
    run("A", 0, 0.2, seconds=10.0),
    run("B", 0, 0.5),
    run("C", 0, error="ValueError: no such part"),
    run("A", 1, 0.4, shuffled=0.2, seconds=30.0),
    run("B", 1, error="FloatingPointError: nan"),
]


def test_rows():
    speeds = {"A": {"training_images_per_second": 100.0, "latency_ms": 7.5}}
    best, second, failed = make_rows(RUNS, "referring", speeds)
    assert [row["variant"] for row in (best, second, failed)] == ["B", "A", "C"]
    assert second["score"] == 0.3 and second["spread"] == pytest.approx(0.02**0.5, abs=1e-6)
    assert second["scores"] == [0.2, 0.4] and second["shuffled"] == 0.15 and second["shuffled_scores"] == [0.1, 0.2]
    assert (second["training_images_per_second"], second["latency_ms"], second["training_seconds"]) == (100, 7.5, 20)
    assert best["score"] == 0.5 and best["spread"] is None, "one run has no spread"
    assert best["error"] == "FloatingPointError: nan" and best["latency_ms"] is None
    assert failed["score"] is None and failed["parameters"] is None and failed["scores"] == []


def test_semantic_rows_without_other_words():
    row = make_rows(RUNS[:1], "semantic")[0]
    assert row["score"] == pytest.approx(0.3) and row["shuffled"] is None and row["shuffled_scores"] == []


def test_names():
    assert score_name({"task": "semantic"}) == "mean IoU"
    said = budget(SETTINGS, make_rows(RUNS, "referring"))
    assert said == "shapes with the preset shapes, 64 x 96 pixels, 20 steps of 4 pictures, 2 seeds"
    assert budget(SETTINGS, make_rows(RUNS[:2], "referring")).endswith(", 1 seed")


def test_files(tmp_path):
    rows = make_rows(RUNS, "referring", {"A": {"training_images_per_second": 100.4, "latency_ms": 7.52}})
    write_tables(tmp_path, SETTINGS, rows)
    assert {path.name for path in tmp_path.iterdir()} == {f"comparison.{kind}" for kind in ("json", "csv", "md")}
    assert json.loads((tmp_path / "comparison.json").read_text()) == {"settings": SETTINGS, "rows": rows}
    with open(tmp_path / "comparison.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["variant"] for line in lines] == ["B", "A", "C"]
    assert lines[1]["scores"] == "0.2 0.4" and lines[2]["score"] == ""
    text = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert "| text encoder | overall IoU | exchanged words | parameters |" in text
    assert "| A | 0.300 ± 0.141 | 0.150 | 12,345 | 100 | 7.5 |" in text
    assert "| B | 0.500 | 0.100 | 12,345 | - | - |" in text and "| C | failed | - | - | - | - |" in text
    assert "- C: ValueError: no such part" in text and "- B: FloatingPointError: nan" in text
