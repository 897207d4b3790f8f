import dataclasses

import numpy as np
import pytest

from kmm.evaluation import SampleCollector, score_of
from kmm.evaluation.source_view import SourceView
from kmm.metrics import OverallIoU


@pytest.fixture(scope="module")
def collector(referring_model, shapes):
    return SampleCollector(referring_model, shapes, "val", num_prompts=2, batch_size=2, verbose=0)


@pytest.fixture(scope="module")
def scores(collector):
    return collector.collect()


def test_samples_come_picture_after_picture(collector, scores, shapes):
    assert scores.pictures.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    examples = [shapes.example("val", index, num_prompts=2) for index in range(5)]
    assert scores.prompts == tuple(text for example in examples for text in example.prompts)
    assert scores.kinds == tuple(kind for example in examples for kind in example.kinds)
    targets = [(example.segmentation_masks == 1).sum(axis=(1, 2)) for example in examples]
    np.testing.assert_array_equal(scores.confusion[:, 1].sum(axis=-1), np.concatenate(targets))
    assert collector.images_per_second > 0


def test_histograms_hold_every_pixel_by_label_and_probability(collector, scores, referring_model, shapes, ask):
    example = shapes.example("val", 4, num_prompts=2)
    logits = np.clip(ask(referring_model, example.image, example.prompts)[1, ..., 0], -80, 80)
    bins = np.minimum((100 / (1 + np.exp(-logits))).astype(int), 99)
    for label in (0, 1):
        expected = np.bincount(bins[example.segmentation_masks[1] == label], minlength=100)
        assert np.abs(expected - scores.probabilities[9, label]).sum() <= 4, "up to rounding at the bins' edges"
    np.testing.assert_array_equal(scores.probabilities.sum(axis=-1), scores.confusion.sum(axis=-1))


def test_semantic_histograms_hold_right_and_wrong_pixels(semantic_model, streets):
    scores = SampleCollector(semantic_model, streets, "val", verbose=0).collect()
    right = np.trace(scores.confusion, axis1=1, axis2=2)
    np.testing.assert_array_equal(scores.probabilities[:, 1].sum(axis=-1), right)
    np.testing.assert_array_equal(scores.probabilities.sum(axis=(1, 2)), scores.counted_pixels)
    assert scores.probabilities[..., :33].sum() == 0, "the largest of three probabilities is at least a third"


def test_other_words_and_other_pictures(collector, scores, referring_model, shapes, ask):
    words = tuple(("the red circle", "a blue square") for _ in range(5))
    other = collector.collect(words)
    answer = ask(referring_model, shapes.example("val", 2).image, words[2])[..., 0] > 0
    np.testing.assert_array_equal(other.confusion[4:6, :, 1].sum(axis=-1), answer.sum(axis=(1, 2)))
    assert other.prompts[:2] == words[0] and other.kinds == scores.kinds
    seen = []
    collector.collect(change_image=lambda image, number: seen.append((number, image.shape)) or image[:16])
    assert sorted(seen) == [(number, (32, 32, 3)) for number in range(5)]


def test_the_threshold_decides_what_is_answered(referring_model, shapes, scores):
    sure = SampleCollector(referring_model, shapes, "val", 2, 2, threshold=0.9, verbose=0).collect()
    above = scores.probabilities[..., 90:].sum(axis=-1)
    np.testing.assert_allclose(sure.confusion[..., 1], above, atol=2)


class LargeMasks(SourceView):
    """The pictures of another source with masks of twice their height and width."""

    def example(self, split, index, epoch=0, num_prompts=1):
        example = super().example(split, index, epoch, num_prompts)
        masks = example.segmentation_masks.repeat(2, axis=1).repeat(2, axis=2)
        return dataclasses.replace(example, segmentation_masks=masks)


def test_masks_count_at_their_own_resolution_when_asked(referring_model, shapes, ask):
    source = LargeMasks(shapes, range(5))
    large = SampleCollector(referring_model, source, "val", 2, 2, own_resolution=True, verbose=0).collect()
    assert (large.counted_pixels == 64 * 64).all()
    metric = OverallIoU(resize_logits=True)
    for index in range(5):
        example = source.example("val", index, num_prompts=2)
        metric.update_state(example.segmentation_masks, ask(referring_model, example.image, example.prompts))
    assert score_of(large, "overall_iou") == pytest.approx(float(metric.result()), abs=1e-5)


def test_wrong_labels_name_their_sample(semantic_model, streets):
    with pytest.raises(ValueError, match="1 pixels with another label in picture 0 of 'wrong', prompt 'street number"):
        SampleCollector(semantic_model, streets, "wrong", verbose=0).collect()


def test_bad_threshold(referring_model, shapes):
    with pytest.raises(ValueError, match="threshold must be a probability between 0 and 1. Received: threshold=1"):
        SampleCollector(referring_model, shapes, "val", threshold=1, verbose=0)
