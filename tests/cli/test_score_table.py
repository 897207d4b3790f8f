from kmm.cli.score_table import score_table


def test_referring():
    absent = {"overall_iou": 0.0, "no_target_accuracy": 0.8, "num_samples": 2}
    other = {"overall_iou": 0.2, "no_target_accuracy": None, "kinds": {"absent": {**absent, "no_target_accuracy": 0.1}}}
    table = score_table(
        {
            "overall_iou": 0.71234,
            "no_target_accuracy": 0.8,
            "kinds": {"absent": absent},
            "num_samples": 12,
            "images_per_second": 99.6,
            "shuffled_prompts": other,
        }
    )
    lines = [line.split() for line in table.splitlines()]
    assert ["overall", "IoU", "0.712", "0.200"] in lines
    assert ["no-target", "accuracy", "0.800", "-"] in lines
    assert ["absent", "(empty", "answers)", "0.800", "0.100"] in lines, "no IoU, as of other kinds"
    assert table.endswith("12 samples, 100 pictures per second")


def test_semantic():
    metrics = {"mean_iou": 0.5, "class_iou": {"sky": 0.9, "car": None}, "num_samples": 1}
    table = score_table({**metrics, "shuffled_prompts": metrics})
    lines = [line.split() for line in table.splitlines()]
    assert ["sky", "0.900", "0.900"] in lines and ["car", "-", "-"] in lines


def test_intervals():
    other = {"mean_iou": 0.4, "precision_at_iou": {"0.5": None}, "class_iou": {"sky": 0.9}}
    intervals = {"mean_iou": [0.4, 0.625], "precision_at_0.5": [None, None], "class_iou/sky": [0.85, 0.95]}
    metrics = {"mean_iou": 0.5, "precision_at_iou": {"0.5": 0.25}, "class_iou": {"sky": 0.9}, "intervals": intervals}
    table = score_table({**metrics, "num_samples": 4, "num_pictures": 2, "shuffled_prompts": other})
    lines = [" ".join(line.split()) for line in table.splitlines()]
    assert "mean IoU 0.500 [0.400, 0.625] 0.400" in lines
    assert "precision at IoU 0.5 0.250 -" in lines
    assert "sky 0.900 [0.850, 0.950] 0.900" in lines
    assert lines[-1] == "4 samples of 2 pictures"
