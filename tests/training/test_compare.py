import json
import shutil

import pytest

from kmm.training import compare
from kmm.training.prepare_run import build_model

FILES = ["comparison.csv", "comparison.json", "comparison.md", "comparison.png", "runs", "settings.json"]


@pytest.fixture
def runs(monkeypatch):
    """Takes the place of training: the score is 0.1 for each heads of attention; `done` lists the runs."""
    done = []

    def run_variant(source, settings, limit, class_weights):
        done.append((settings["parts"], settings["seed"], settings["steps"], limit))
        model = build_model(source, settings)
        fusion = next(iter(model.fusions.values()), None)
        score = 0.1 * getattr(fusion, "num_heads", 1) + 0.01 * settings["seed"]
        scores = {"overall_iou": score, "shuffled_prompts": {"overall_iou": 0.05}}
        return {"split": "test", "parameters": model.count_params(), "training_seconds": 1.0, "scores": scores}

    # The package's name `compare` is the function.
    monkeypatch.setitem(compare.__globals__, "run_variant", run_variant)
    return done


VARIANTS = {
    "one": ["CrossAttentionFusion", {"num_heads": 1}],
    "two": ["CrossAttentionFusion", {"num_heads": 2}],
    "bad": ["CrossAttentionFusion", {"num_heads": 3}],
}


def test_every_variant_and_seed_under_one_budget(scenes, tiny_preset, tmp_path, runs):
    said = []
    options = {"variants": VARIANTS, "preset": tiny_preset, "seeds": 2, "steps": 7, "limit": 3, "precision": "float32"}
    rows = compare(scenes, tmp_path, "fusion", **options, measure=False, report=said.append)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert [row["variant"] for row in rows] == ["two", "one", "bad"]
    assert rows[0]["scores"] == pytest.approx([0.2, 0.21]) and rows[2]["score"] is None
    assert "divisible" in rows[2]["error"] or "num_heads" in rows[2]["error"]
    assert [(seed, steps, limit) for _, seed, steps, limit in runs] == [(0, 7, 3)] * 3 + [(1, 7, 3)] * 3
    assert [parts["fusion"] for parts, *_ in runs[:3]] == list(VARIANTS.values())
    assert len(said) == 6 and said[0].startswith("1/6 one, seed 0: overall IoU 0.100, under exchanged words 0.050, 1 s")
    assert "min left" in said[0] and "ValueError" in said[2] and "min left" not in said[5]
    assert json.loads((tmp_path / "runs" / "two-1.json").read_text())["seed"] == 1

    # Going on: the failed runs, and what is new, and the tables show all.
    runs.clear()
    options |= {"variants": {**VARIANTS, "bad": ["CrossAttentionFusion", {"num_heads": 4}]}, "seeds": 3}
    rows = compare(scenes, tmp_path, "fusion", **options, measure=False, resume=True)
    assert [(parts["fusion"][1]["num_heads"], seed) for parts, seed, *_ in runs] == [
        (4, 0),
        (4, 1),
        (1, 2),
        (2, 2),
        (4, 2),
    ]
    assert [(row["variant"], len(row["scores"])) for row in rows] == [("bad", 3), ("two", 3), ("one", 3)]
    with pytest.raises(ValueError, match=r"budget it was begun with. Received: steps=8 \(begun with 7\)"):
        compare(scenes, tmp_path, "fusion", **{**options, "steps": 8}, resume=True)
    with pytest.raises(FileExistsError, match="must not hold a comparison already.*--resume"):
        compare(scenes, tmp_path, "fusion", **options)


def test_parts_shared_by_all_variants(scenes, tiny_preset, tmp_path, runs):
    parts = {"fusion": ["CrossAttentionFusion", {"num_heads": 2}]}
    options = {"preset": tiny_preset, "seeds": 1, "precision": "float32", "measure": False, "parts": parts}
    rows = compare(scenes, tmp_path, "level", **options)
    assert {row["variant"] for row in rows} == {"P2", "P3", "all levels"}
    assert runs[0][0] == {**parts, "fusion_levels": ["P2"]}


def test_losses_are_no_parts_of_the_model(scenes, tiny_preset, tmp_path, monkeypatch):
    done = []

    def run_variant(source, settings, limit, class_weights):
        done.append((settings["loss"], settings["parts"]))
        scores = {"overall_iou": 0.5, "shuffled_prompts": {"overall_iou": 0.1}}
        return {"split": "test", "parameters": 1, "training_seconds": 1.0, "scores": scores}

    monkeypatch.setitem(compare.__globals__, "run_variant", run_variant)
    options = {"preset": tiny_preset, "seeds": 1, "precision": "float32", "measure": False}
    tversky = ["BinaryTversky", {"alpha": 0.1}]
    parts = {"prompt_tokenizer": None}
    rows = compare(scenes, tmp_path, "loss", {"BinaryDice": "BinaryDice", "low": tversky}, parts=parts, **options)
    assert done == [("BinaryDice", parts), (tversky, parts)] and {row["variant"] for row in rows} == {
        "BinaryDice",
        "low",
    }


def test_modalities_are_no_parts_of_the_model(scenes, tiny_preset, tmp_path, runs, monkeypatch):
    run_variant, seen = compare.__globals__["run_variant"], []

    def run(source, settings, limit, class_weights):
        seen.append((settings.get("without"), settings["parts"]))
        return run_variant(source, settings, limit, class_weights)

    monkeypatch.setitem(compare.__globals__, "run_variant", run)
    rows = compare(scenes, tmp_path, "modality", preset=tiny_preset, seeds=1, precision="float32", measure=False)
    assert {row["variant"] for row in rows} == {"image + text", "image only", "text only"}
    assert seen == [(None, {}), (["prompts"], {}), (["images"], {})]


def test_speeds(scenes, tiny_preset, tmp_path, runs, monkeypatch):
    def measure_speed(jobs, failed):
        model, settings = jobs["one"]()
        assert model.fusions["P3"].num_heads == 1 and settings["batch_size"] == 2
        failed("two", ValueError("no export"))
        return {"one": {"training_images_per_second": 50.0, "latency_ms": 2.0}}

    monkeypatch.setitem(compare.__globals__, "measure_speed", measure_speed)
    said = []
    options = {"variants": {name: VARIANTS[name] for name in ("one", "two")}, "preset": tiny_preset, "seeds": 1}
    rows = compare(scenes, tmp_path, "fusion", **options, report=said.append)
    assert [(row["variant"], row["latency_ms"]) for row in rows] == [("two", None), ("one", 2.0)]
    assert "two: no speed (ValueError: no export)" in said


def test_all_failed(scenes, tiny_preset, tmp_path, runs):
    with pytest.raises(ValueError, match="At least one variant must end well. Received: bad: ValueError"):
        compare(scenes, tmp_path, "fusion", {"bad": VARIANTS["bad"]}, tiny_preset, seeds=1, measure=False)
    assert "What failed" in (tmp_path / "comparison.md").read_text()


@pytest.mark.parametrize("name", ["seeds", "steps", "limit"])
def test_numbers_without_sense(scenes, tmp_path, name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1. Received: {name}=-1"):
        compare(scenes, tmp_path / "run", "fusion", **{name: -1})
    assert not (tmp_path / "run").exists()


def test_unknown_names_before_anything_is_written(scenes, tiny_preset, tmp_path):
    for options, message in (
        ({"over": "head"}, "goes over one of"),
        ({"over": "fusion", "variants": ["X"]}, "A variant is one of"),
        ({"over": "fusion", "preset": "tinny"}, "A preset is one of"),
    ):
        with pytest.raises(ValueError, match=message):
            compare(scenes, tmp_path / "run", **{"preset": tiny_preset, **options})
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_whole_comparison(scenes, tiny_preset, tmp_path):
    options = {"preset": tiny_preset, "seeds": 2, "steps": 4, "precision": "float32", "limit": 2}
    rows = compare(scenes, tmp_path, "text", **options)
    assert {row["variant"] for row in rows} == {"with text", "without text"}
    for row in rows:
        assert len(row["scores"]) == 2 and row["latency_ms"] > 0 and row["training_images_per_second"] > 0
    again = tmp_path / "again"
    shutil.copytree(tmp_path / "runs", again / "runs")
    (again / "runs" / "with-text-0.json").unlink()
    shutil.copy(tmp_path / "settings.json", again)
    repeated = compare(scenes, again, "text", **options, resume=True, measure=False)
    scores = [{row["variant"]: row["scores"] for row in table}["with text"] for table in (rows, repeated)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3), "the same seed, the same run"
