import numpy as np

from kmm.metrics import referring_metrics


def test_names_are_those_of_the_papers():
    assert [metric.name for metric in referring_metrics()] == [
        "overall_iou",
        "sample_mean_iou",
        "precision_at_0.5",
        "precision_at_0.6",
        "precision_at_0.7",
        "precision_at_0.8",
        "precision_at_0.9",
        "no_target_accuracy",
        "target_accuracy",
    ]


def test_arguments_reach_every_metric():
    for metric in referring_metrics(threshold=0.25, ignore_value=-1, resize_logits=True):
        assert (metric.threshold, metric.ignore_value, metric.resize_logits) == (0.25, -1, True)


def test_metrics_are_fresh():
    first, second = referring_metrics(), referring_metrics()
    for metric in first:
        metric.update_state(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 1)))
    assert float(first[1].result()) == 1.0
    assert all(np.isnan(float(metric.result())) for metric in second)
