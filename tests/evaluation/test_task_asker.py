import numpy as np
import pytest
import tensorflow as tf

from kmm.evaluation import SampleCollector
from kmm.evaluation.task_asker import TaskAsker
from kmm.preprocessing import boxes_from_masks, scores_from_logits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def asker(referring_model, shapes):
    collector = SampleCollector(referring_model, shapes, "val", num_prompts=2, batch_size=3, threshold=0.4, verbose=0)
    return TaskAsker(collector)


def test_answers(asker, referring_model, shapes, ask):
    true_boxes, boxes, scores = asker.answers()
    assert true_boxes.shape == boxes.shape == (10, 4) and scores.shape == (10,)
    for picture in (0, 4):
        example = shapes.example("val", picture, num_prompts=2)
        logits = ask(referring_model, example.image, example.prompts)
        own = slice(2 * picture, 2 * picture + 2)
        np.testing.assert_allclose(true_boxes[own], boxes_from_masks(example.segmentation_masks))
        np.testing.assert_allclose(boxes[own], boxes_from_masks(tf.cast(logits[..., 0] > np.log(0.4 / 0.6), "uint8")))
        np.testing.assert_allclose(scores[own], scores_from_logits(logits, threshold=0.4), rtol=1e-4)


def test_similarities(asker, referring_model, shapes, ask):
    phrases = ["the red circle", "the star", "both crosses"]
    found = asker.similarities(phrases, num_pictures=4)
    assert found.shape == (3, 4)
    for picture in (0, 3):
        logits = ask(referring_model, shapes.example("val", picture).image, phrases)
        np.testing.assert_allclose(found[:, picture], scores_from_logits(logits, threshold=0.4), rtol=1e-4)
