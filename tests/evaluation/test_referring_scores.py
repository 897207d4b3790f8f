import math

import numpy as np

from kmm.evaluation.referring_scores import ReferringScores
from kmm.metrics import MeanIoU

THRESHOLDS = (0.5, 0.9)


def test_scores_of_each_kind():
    masks = np.zeros((1, 3, 2, 2), "uint8")
    masks[0, 0] = 1
    masks[0, 1, 0] = 1
    logits = np.full((1, 3, 2, 2, 1), -9.0, "float32")
    logits[0, 0] = 9.0
    logits[0, 1, :, 0] = 9.0
    logits[0, 2, 0, 0] = 9.0
    scores = ReferringScores(["attribute", "number", "absent"], THRESHOLDS)
    scores.update(masks, logits, [["attribute", "attribute", "absent"]])
    result = scores.result()
    attribute = result["kinds"]["attribute"]
    assert attribute["overall_iou"] == np.float32(5 / 7)
    assert attribute["sample_mean_iou"] == np.float32((1 + 1 / 3) / 2)
    assert attribute["num_samples"] == 2 and "no_target_accuracy" not in attribute
    absent = {"overall_iou": 0.0, "sample_mean_iou": 0.0, "num_samples": 1, "no_target_accuracy": 0.0}
    assert result["kinds"]["absent"] == absent
    assert result["kinds"]["number"]["num_samples"] == 0 and math.isnan(result["kinds"]["number"]["overall_iou"])
    assert result["precision_at_iou"] == {"0.5": np.float32(1 / 3), "0.9": np.float32(1 / 3)}


def test_mean_iou_is_that_of_two_classes():
    random = np.random.default_rng(0)
    for labels in ((0, 1, 255), (0, 255), (255,)):
        masks = random.choice(np.array(labels, "uint8"), (4, 2, 8, 8))
        logits = random.normal(size=(4, 2, 8, 8, 1)).astype("float32")
        if labels == (0, 255):
            logits = -np.abs(logits)
        scores = ReferringScores(["any"], THRESHOLDS)
        scores.update(masks, logits, [["any"] * 2] * 4)
        two_classes = MeanIoU(2)
        two_classes.update_state(masks, np.concatenate([np.zeros_like(logits), logits], axis=-1))
        np.testing.assert_allclose(scores.result()["mean_iou"], float(two_classes.result()), rtol=1e-6)
