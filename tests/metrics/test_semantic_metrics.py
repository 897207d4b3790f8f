import numpy as np

from kmm.metrics import semantic_metrics


def test_metrics_are_fresh_and_take_the_arguments():
    first, second = semantic_metrics(3, ignore_value=-1), semantic_metrics(3)
    assert [metric.name for metric in first] == ["mean_iou", "pixel_accuracy"]
    assert [metric.ignore_value for metric in first + second] == [-1, -1, 255, 255]
    for metric in first:
        metric.update_state(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 3)))
        assert float(metric.result()) == 1.0
    assert all(np.isnan(float(metric.result())) for metric in second)
