import itertools

import numpy as np

from kmm.losses import BinaryLovasz


def jaccard_loss(wrong, target, weight):
    """One minus the IoU of the answer that is wrong at those pixels."""
    answer = target ^ wrong
    union = weight[answer | target].sum()
    return 1 - weight[answer & target].sum() / union if union else 0.0


def extension(errors, target, weight):
    """The Lovász extension of the Jaccard loss, from its definition: each set of the largest errors in turn."""
    value, before, wrong = 0.0, 0.0, np.zeros(len(errors), bool)
    for place in np.argsort(-errors):
        wrong[place] = True
        after = jaccard_loss(wrong, target, weight)
        value, before = value + errors[place] * (after - before), after
    return value


def test_equals_the_definition(batch):
    labels, logits, weights = batch(1)
    labels[2] = np.where(labels[2] == 1, 0, labels[2])  # a sample without a target: the loss of its background
    found = BinaryLovasz(reduction=None, dtype="float64")(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        target, weight = labels[sample][counted] == 1, weights[sample][counted]
        errors = np.maximum(0, 1 - np.where(target, 1, -1) * logits[sample, ..., 0][counted])
        of = target if sample < 2 else ~target
        expected = weight.sum() / counted.sum() * extension(errors, of, weight)
        np.testing.assert_allclose(found[sample], expected, rtol=1e-9)


def test_at_answers_of_one_or_minus_one_it_is_twice_the_loss_of_iou():
    target = np.array([True, True, False, False])
    for answer in itertools.product([True, False], repeat=4):
        logits = np.where(answer, 1.0, -1.0).reshape((1, 2, 2, 1))
        found = BinaryLovasz(dtype="float64")(target.reshape((1, 2, 2)), logits)
        expected = 2 * jaccard_loss(np.array(answer) ^ target, target, np.ones(4))
        np.testing.assert_allclose(found, expected, rtol=1e-9)
