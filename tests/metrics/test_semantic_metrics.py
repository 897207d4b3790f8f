import numpy as np

from kmm.metrics import semantic_metrics


def test_metrics_are_fresh_and_take_the_arguments():
    first, second = semantic_metrics(3, ignore_value=-1, resize_logits=True), semantic_metrics(3)
    assert [metric.name for metric in first] == [
        "mean_iou",
        "pixel_accuracy",
        "mean_class_accuracy",
        "frequency_weighted_iou",
    ]
    assert [(metric.ignore_value, metric.resize_logits) for metric in first + second] == [(-1, True)] * 4 + [
        (255, False)
    ] * 4
    for metric in first:
        metric.update_state(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 3)))
        assert float(metric.result()) == 1.0
    assert all(np.isnan(float(metric.result())) for metric in second)
