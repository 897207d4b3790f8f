import hashlib
import json

import pytest

from kmm.export import export_saved_model
from kmm.export.batching_parameters import BATCHING_FILE, batching_parameters
from kmm.preprocessing import PromptTokenizer


@pytest.fixture(scope="module")
def folder(make_model, tmp_path_factory):
    names, scores = ["sky", "road", "car"], {"mean_iou": 0.5, "split": "val"}
    directory = tmp_path_factory.mktemp("card")
    return export_saved_model(make_model(3), directory, class_names=names, metrics=scores, verify=False)


def test_card(folder, make_model):
    card = json.loads((folder / "assets.extra/model_card.json").read_text())
    assert card["class_names"] == ["sky", "road", "car"] and card["num_classes"] == 3
    assert card["metrics"] == {"mean_iou": 0.5, "split": "val"} and card["verified"] is None
    assert card["image_size"] == [16, 24] and card["parameters"] == make_model(3).count_params()
    assert card["threshold"] is None and card["compute_dtype"] == "float32"
    assert set(card["versions"]) == {"kmm", "keras", "tensorflow"}
    assert card["endpoints"]["serving_default"]["inputs"] == {
        "image_bytes": "string (batch)",
        "prompt": "string (batch)",
    }
    assert card["endpoints"]["predict_tensors"]["outputs"] == {"logits": "float32 (batch, 16, 24, 3)"}
    page = (folder / "assets.extra/MODEL_CARD.md").read_text()
    assert "0 sky, 1 road, 2 car" in page and '"mean_iou": 0.5' in page and "- verified: no" in page


def test_sums_of_every_file(folder):
    sums = json.loads((folder / "assets.extra/sha256.json").read_text())
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(sums) == files - {"assets.extra/sha256.json"} and BATCHING_FILE in sums
    for name, expected in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected


def test_tokenizer_travels_along(folder, make_model):
    content = json.loads((folder / "assets.extra/tokenizer.json").read_text())
    assert content["class_name"] == "PromptTokenizer"
    tokenizer = PromptTokenizer.from_config(content["config"])
    assert tokenizer.get_config() == make_model(3).prompt_tokenizer.get_config()


def test_vocabulary_is_an_asset(folder, make_model):
    words = (folder / "assets/vocabulary.txt").read_text().splitlines()
    assert words == list(make_model(3).prompt_tokenizer.vocabulary)


def test_batching_parameters(folder):
    assert (folder / BATCHING_FILE).read_text() == batching_parameters()


def test_class_names_of_another_number(make_model, tmp_path):
    with pytest.raises(ValueError, match="must name each of the 3 classes. Received: 2 names"):
        export_saved_model(make_model(3), tmp_path, class_names=["sky", "road"])
