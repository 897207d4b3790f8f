import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations.apply_if import apply_if, check_probability, move_with_words
from kmm.data.augmentations.word_map import WordMap

WORDS = WordMap({"day": "night", "night": "day", "dusk": None})
MOVES = {"images": lambda images: images + 1}


def test_changes_where_it_fires_and_passes_the_rest_on():
    other = object()
    example = {"images": tf.zeros((1, 1, 3), "uint8"), "prompts": tf.constant(["a"]), "other": other}
    for fires in (True, False):
        changed = apply_if(tf.constant(fires), lambda parts: {"images": parts["images"] + 1}, example)
        assert changed["images"].numpy().max() == fires
        assert changed["other"] is other and changed["prompts"] is example["prompts"]
    assert example["images"].numpy().max() == 0


def test_nothing_is_computed_where_it_does_not_fire():
    def change(parts):
        return {
            "images": parts["images"] + tf.cast(tf.debugging.check_numerics(1 / parts["images"], "bad"), tf.float32)
        }

    dataset = tf.data.Dataset.from_tensors({"images": tf.zeros((1, 1, 3))})
    dataset = dataset.map(lambda example: apply_if(tf.reduce_sum(example["images"]) > 0, change, example))
    assert next(iter(dataset))["images"].numpy().max() == 0


@pytest.mark.parametrize("prompts, moved", [(["day", "a"], True), (["day", "dusk"], False), (None, True)])
def test_moves_all_parts_or_none(prompts, moved):
    parts = {"images": tf.zeros((1, 1, 3), "uint8")} | ({"prompts": tf.constant(prompts)} if prompts else {})
    result = {**parts, **move_with_words(WORDS, MOVES, parts)}
    assert result["images"].numpy().max() == moved
    if prompts:
        np.testing.assert_array_equal(result["prompts"], [b"night", b"a"] if moved else [p.encode() for p in prompts])


@pytest.mark.parametrize("probability", [-0.1, 1.5, float("nan")])
def test_refuses_what_is_no_probability(probability):
    with pytest.raises(ValueError, match=rf"lies in \[0, 1\]. Received: probability={probability}"):
        check_probability(probability)
