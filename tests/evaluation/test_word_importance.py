import numpy as np
import pytest

from kmm.evaluation import word_importance


def test_every_word_is_left_out(referring_model, shapes, ask):
    example = shapes.example("val", 0)
    prompt = "the  red circle"
    row = word_importance(referring_model, example.image, prompt)
    full, *others = ask(referring_model, example.image, ["the red circle", "red circle", "the circle", "the red"])
    full = full[..., 0] > 0
    np.testing.assert_array_equal(row["mask"], full)
    np.testing.assert_array_equal(row["image"], example.image)
    assert [word["word"] for word in row["words"]] == ["the", "red", "circle"] and row["prompt"] == prompt
    for word, logits in zip(row["words"], others, strict=True):
        mask = logits[..., 0] > 0
        np.testing.assert_array_equal(word["mask"], mask)
        union = (mask | full).sum()
        assert word["change"] == pytest.approx(1 - (mask & full).sum() / union if union else 0)
    assert any(word["change"] > 0 for word in row["words"]), "the words must count in this test"


def test_classes_and_pictures_of_other_sizes(semantic_model):
    image = np.random.default_rng(0).integers(0, 256, (20, 50, 3), "uint8")
    row = word_importance(semantic_model, image, "street number")
    assert row["image"].shape == (32, 32, 3) and row["mask"].max() < 3
    for word in row["words"]:
        classes = np.union1d(row["mask"], word["mask"])
        ious = [((row["mask"] == k) & (word["mask"] == k)).sum() / ((row["mask"] == k) | (word["mask"] == k)).sum()
                for k in classes]  # fmt: skip
        assert word["change"] == pytest.approx(1 - np.mean(ious))


def test_errors(referring_model, make_model):
    image = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match="Words can be left out only.*Received: prompt=' '"):
        word_importance(referring_model, image, " ")
    with pytest.raises(ValueError, match=r"model.inputs=\['images'\]"):
        word_importance(make_model(1), image, "a cup")
