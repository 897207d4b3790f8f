import numpy as np
import pytest

from kmm.evaluation import gallery_rows


def test_referring_rows_come_in_pairs(referring_model, shapes, ask):
    rows = gallery_rows(referring_model, shapes, "val", count=6)
    assert len(rows) == 6
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        np.testing.assert_array_equal(first["image"], second["image"])
        assert first["prompt"] != second["prompt"]
    for row in rows:
        prediction = ask(referring_model, row["image"], [row["prompt"]])[0, ..., 0] > 0
        np.testing.assert_array_equal(row["prediction"], prediction)
        union = ((row["truth"] == 1) | prediction).sum()
        iou = ((row["truth"] == 1) & prediction).sum() / union if union else 1.0
        assert row["iou"] == pytest.approx(iou)


def test_truth_belongs_to_its_phrase(referring_model, shapes):
    examples = [shapes.example("val", index, num_prompts=6) for index in range(5)]
    for row in gallery_rows(referring_model, shapes, "val", count=4):
        example = next(e for e in examples if np.array_equal(e.image, row["image"]))
        mask = example.segmentation_masks[example.prompts.index(row["prompt"])]
        np.testing.assert_array_equal(row["truth"], mask)


def test_kinds_take_turns(referring_model, shapes):
    prompts = [row["prompt"] for row in gallery_rows(referring_model, shapes, "val", count=10)]
    kinds = {}
    for index in range(5):
        example = shapes.example("val", index, num_prompts=6)
        kinds.update(zip(example.prompts, example.kinds, strict=True))
    assert len({kinds[prompt] for prompt in prompts}) >= 4


def test_semantic_rows(semantic_model, streets, ask):
    rows = gallery_rows(semantic_model, streets, "val", count=9, seed=3)
    assert len(rows) == 5, "the split has no more"
    assert len({row["prompt"] for row in rows}) == 5
    prediction = ask(semantic_model, rows[0]["image"], [rows[0]["prompt"]])[0].argmax(-1)
    np.testing.assert_array_equal(rows[0]["prediction"], prediction)
    assert all(row["truth"].dtype == row["prediction"].dtype == np.uint8 for row in rows)


@pytest.mark.slow
def test_the_seed_draws_the_pictures(semantic_model, streets):
    one, same, other = (
        [row["prompt"] for row in gallery_rows(semantic_model, streets, "val", 3, seed)] for seed in (1, 1, 2)
    )
    assert one == same != other


def test_a_model_of_images_alone_shows_no_words(make_model, shapes):
    assert {row["prompt"] for row in gallery_rows(make_model(1), shapes, "val", count=2)} == {""}
