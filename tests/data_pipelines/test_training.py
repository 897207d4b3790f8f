"""From an owner's files in RefCOCO's format to a trained, scored and exported model."""

import json
import pickle

import numpy as np
import pytest
from PIL import Image

import kmm
from data_pipelines.build import build
from data_pipelines.ref_coco import RefCoco
from kmm.cli.main import main

PRESET = {
    "description": "A phrase gives a mask.",
    "task": "referring",
    "builder": "referring_segmenter",
    "arguments": {
        "image_size": (32, 32), "widths": (4, 8), "blocks": 0, "text_units": 8, "fusion_filters": 8, "num_steps": 1,
        "decoder_filters": 4,
    },
    "training": {
        "epochs": 2, "batch_size": 2, "num_prompts": 2, "learning_rate": 1e-3, "weight_decay": 0.0,
        "augmentations": {"RandomFlip": {}, "RandomColor": {}},
    },
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Eight pictures with two objects each and two sentences for each object, as published."""
    (tmp_path / "refcoco").mkdir()
    (tmp_path / "images" / "train2014").mkdir(parents=True)
    images, annotations, refs = [], [], []
    for number in range(1, 9):
        pixels = np.full((40, 60, 3), 30 * number, np.uint8)
        pixels[10:30, 5:25], pixels[5:20, 35:55] = (200, 30, 30), (30, 30, 200)
        name = f"COCO_train2014_{number:012d}.jpg"
        Image.fromarray(pixels).save(tmp_path / "images" / "train2014" / name)
        images.append({"id": number, "file_name": name, "height": 40, "width": 60})
        for side, (left, top, right, bottom) in enumerate([(5, 10, 25, 30), (35, 5, 55, 20)]):
            key = 10 * number + side
            outline = [left, top, right, top, right, bottom, left, bottom]
            annotation = {"id": key, "image_id": number, "segmentation": [outline], "iscrowd": 0, "category_id": 1}
            texts = (f"{('red', 'blue')[side]} box", f"box on the {('left', 'right')[side]}")
            sentences = [{"sent": text, "raw": text, "sent_id": key, "tokens": text.split()} for text in texts]
            split = {7: "val", 8: "testA"}.get(number, "train")
            ref = {"ref_id": key, "ann_id": key, "image_id": number, "category_id": 1, "file_name": name}
            annotations.append(annotation)
            refs.append({**ref, "split": split, "sent_ids": [key], "sentences": sentences})
    (tmp_path / "refcoco" / "refs(unc).p").write_bytes(pickle.dumps(refs, protocol=2))
    (tmp_path / "refcoco" / "instances.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return tmp_path


@pytest.mark.slow
def test_records_train_score_and_export(folder, monkeypatch, capsys):
    pytest.importorskip("pycocotools")
    monkeypatch.setitem(kmm.presets, "tiny", PRESET)
    records, run = folder / "records", folder / "run"
    build(RefCoco(), folder, records)
    assert main(["data", "check", str(records)]) == 0
    report = capsys.readouterr().out
    assert "no problems" in report and "kmm_ref_coco (referring)" in report
    assert not main(["train", "--data", str(records), "--preset", "tiny", "--output", str(run)])
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["split"] == "val" and 0 <= metrics["overall_iou"] <= 1
    assert (run / "saved_model" / "1" / "saved_model.pb").exists()
    scores = folder / "testA.json"
    command = ["evaluate", "--model", run / "model.keras", "--data", records, "--split", "testA", "--output", scores]
    assert not main([str(word) for word in command])
    assert json.loads(scores.read_text())["num_samples"] > 0
