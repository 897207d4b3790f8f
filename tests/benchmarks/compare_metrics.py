"""Whether the metrics agree with scikit-learn and torchmetrics: `python tests/benchmarks/compare_metrics.py`.

Random masks, classes, boxes, labels and similarities, with ignored pixels, empty targets and empty answers, are scored
by kmm in uneven batches and by the other packages at once. The table shows the scores on the first data and the largest
difference on all of them; the command fails where one exceeds rounding. Needs `pip install "kmm[benchmark]"`; boxes are
compared where torchvision is installed too.

What the others do not have stands in the last rows; the tests compare it with plain formulas.
"""

import argparse
import importlib.util
import warnings

import numpy as np
import sklearn.metrics as sk
import torch  # before TensorFlow: the other way round some versions of both stop with an error of LLVM
import torchmetrics.classification as tm
import torchmetrics.retrieval as tr

import kmm

NUM_CLASSES, NUM_BINS, IGNORED = 5, 1000, 255
TOLERANCE = {"scikit-learn": 1e-9, "torchmetrics": 1e-6}
"""torchmetrics computes in float32."""


def kmm_score(name, truth, answers, **arguments):
    """The score in batches of 1, 2, 3, ... samples."""
    metric = getattr(kmm.metrics, name)(**arguments, dtype="float64")
    start, size = 0, 1
    while start < len(truth):
        metric.update_state(truth[start : start + size], answers[start : start + size])
        start, size = start + size, size + 1
    return np.array(metric.result())


def torch_score(metric, answers, truth, **arguments):
    return metric(torch.from_numpy(np.asarray(answers)), torch.from_numpy(np.asarray(truth)), **arguments).numpy()


def binary_rows(rng, num_samples, size):
    """Masks: every fourth target and every sixth answer is empty."""
    labels = rng.integers(0, 2, (num_samples, *size))
    logits = rng.normal(size=labels.shape) + 1.5 * labels - 1.0
    labels[::4], logits[::6] = 0, -3.0
    labels[rng.random(labels.shape) < 0.1] = IGNORED
    counted = labels != IGNORED
    truth, answers = labels[counted] == 1, logits[counted] > 0
    pairs = [(t[c] == 1, p[c] > 0) for t, p, c in zip(labels, logits, counted, strict=True)]
    ious = np.array([sk.jaccard_score(*pair, zero_division=1) for pair in pairs])
    dice = np.array([sk.f1_score(*pair, zero_division=1) for pair in pairs])
    has_target, has_answer = (np.array([pair[side].any() for pair in pairs]) for side in (0, 1))

    def kmm_on(name, **arguments):
        return kmm_score(name, labels, logits[..., None].astype("float32"), **arguments)

    for name, theirs, torch_metric in (
        ("OverallIoU", sk.jaccard_score, tm.BinaryJaccardIndex()),
        ("PixelPrecision", sk.precision_score, tm.BinaryPrecision()),
        ("PixelRecall", sk.recall_score, tm.BinaryRecall()),
        ("DiceScore", sk.f1_score, tm.BinaryF1Score()),
        ("PixelAccuracy", sk.accuracy_score, tm.BinaryAccuracy()),
    ):
        yield name, kmm_on(name), "scikit-learn", theirs(truth, answers)
        yield name, kmm_on(name), "torchmetrics", torch_score(torch_metric, answers, truth.astype(int))
    yield "SampleMeanIoU", kmm_on("SampleMeanIoU"), "scikit-learn", ious.mean()
    targets_only = kmm_on("SampleMeanIoU", targets_only=True)
    yield "SampleMeanIoU, targets only", targets_only, "scikit-learn", ious[has_target].mean()
    yield "SampleMeanDice", kmm_on("SampleMeanDice"), "scikit-learn", dice.mean()
    yield "PrecisionAtIoU", kmm_on("PrecisionAtIoU"), "scikit-learn", (ious >= 0.5).mean()
    yield "TargetAccuracy", kmm_on("TargetAccuracy"), "scikit-learn", sk.recall_score(has_target, has_answer)
    no_target = sk.recall_score(~has_target, ~has_answer)
    yield "NoTargetAccuracy", kmm_on("NoTargetAccuracy"), "scikit-learn", no_target
    places = NUM_BINS * (0.5 + 0.5 * logits / (1 + np.abs(logits)))
    inside = np.abs(places % 1 - 0.5) < 0.49  # not where rounding decides on the bin
    labels[~inside] = IGNORED
    counted = labels != IGNORED
    truth, bins = labels[counted] == 1, np.floor(places[counted]) / NUM_BINS
    score, name = kmm_on("AveragePrecision", num_bins=NUM_BINS), "AveragePrecision"
    yield f"{name}, {NUM_BINS} bins", score, "scikit-learn", sk.average_precision_score(truth, bins)
    torch_bins = torch_score(tm.BinaryAveragePrecision(), bins.astype("float32"), truth.astype(int))
    yield f"{name}, {NUM_BINS} bins", score, "torchmetrics", torch_bins
    fine = kmm_on(name, num_bins=10**6)
    yield f"{name}, a million bins", fine, "scikit-learn, no bins", sk.average_precision_score(truth, logits[counted])


def multi_class_rows(rng, num_samples, size):
    """Class maps; one class occurs in neither labels nor predictions every second time."""
    num_used = NUM_CLASSES - int(rng.integers(0, 2))
    labels = rng.integers(0, num_used, (num_samples, *size))
    logits = rng.normal(size=(*labels.shape, NUM_CLASSES)) + 1.5 * np.eye(NUM_CLASSES)[labels]
    logits[..., num_used:] = -20.0
    labels[rng.random(labels.shape) < 0.1] = IGNORED
    counted = labels != IGNORED
    truth, answers = labels[counted], logits[counted].argmax(axis=-1)
    used = np.arange(num_used)
    for name, theirs, torch_class, average in (
        ("MeanIoU", sk.jaccard_score, tm.MulticlassJaccardIndex, "macro"),
        ("FrequencyWeightedIoU", sk.jaccard_score, tm.MulticlassJaccardIndex, "weighted"),
        ("MeanPrecision", sk.precision_score, tm.MulticlassPrecision, "macro"),
        ("MeanRecall", sk.recall_score, tm.MulticlassRecall, "macro"),
        ("MeanDice", sk.f1_score, tm.MulticlassF1Score, "macro"),
    ):
        score = kmm_score(name, labels, logits, num_classes=NUM_CLASSES)
        yield name, score, "scikit-learn", theirs(truth, answers, labels=used, average=average)
        torch_metric = torch_class(NUM_CLASSES, average=average)
        yield name, score, "torchmetrics", torch_score(torch_metric, answers, truth)
    score = kmm_score("MeanClassAccuracy", labels, logits, num_classes=NUM_CLASSES)
    yield "MeanClassAccuracy", score, "scikit-learn", sk.balanced_accuracy_score(truth, answers)
    torch_metric = tm.MulticlassAccuracy(NUM_CLASSES, average="macro")
    yield "MeanClassAccuracy", score, "torchmetrics", torch_score(torch_metric, answers, truth)
    score = kmm_score("PixelAccuracy", labels, logits, num_classes=NUM_CLASSES)
    yield "PixelAccuracy, classes", score, "scikit-learn", sk.accuracy_score(truth, answers)
    matrix = kmm_score("ConfusionMatrix", labels, logits, num_classes=NUM_CLASSES)
    theirs = sk.confusion_matrix(truth, answers, labels=np.arange(NUM_CLASSES))
    yield "ConfusionMatrix, mean cell", matrix, "scikit-learn", theirs


def other_rows(rng, num_samples):
    """Labels without a picture, similarities, boxes."""
    labels, logits = rng.integers(0, 9, 10 * num_samples), rng.normal(size=(10 * num_samples, 9))
    labels[: num_samples // 2], counted = IGNORED, slice(num_samples // 2, None)
    score = kmm_score("TopKAccuracy", labels, logits, k=3)
    theirs = sk.top_k_accuracy_score(labels[counted], logits[counted], k=3, labels=np.arange(9))
    yield "TopKAccuracy", score, "scikit-learn", theirs
    torch_metric = tm.MulticlassAccuracy(9, top_k=3, average="micro", ignore_index=IGNORED)
    yield "TopKAccuracy", score, "torchmetrics", torch_score(torch_metric, logits, labels)
    relevant, similarities = rng.random((num_samples, 20)) < 0.05, rng.normal(size=(num_samples, 20))
    queries = torch.arange(num_samples)[:, None].expand(-1, 20)
    torch_metric = tr.RetrievalHitRate(top_k=3, empty_target_action="skip")
    theirs = torch_score(torch_metric, similarities, relevant, indexes=queries)
    yield "RecallAtK", kmm_score("RecallAtK", relevant, similarities, k=3), "torchmetrics, hit rate", theirs
    if importlib.util.find_spec("torchvision"):
        from torchmetrics.functional.detection import generalized_intersection_over_union, intersection_over_union

        ends = np.sort(rng.uniform(size=(2, num_samples, 2, 2)), axis=2)
        boxes, others = ends.reshape(2, num_samples, 4)
        others = 0.75 * boxes + 0.25 * others
        rows_last = [torch.from_numpy(side[:, [1, 0, 3, 2]]) for side in (others, boxes)]  # left, top, right, bottom
        ious, generalized = (
            function(*rows_last, aggregate=False).diagonal().numpy()
            for function in (intersection_over_union, generalized_intersection_over_union)
        )
        yield "BoxMeanIoU", kmm_score("BoxMeanIoU", boxes, others), "torchmetrics", ious.mean()
        score = kmm_score("BoxMeanIoU", boxes, others, generalized=True)
        yield "BoxMeanIoU, generalized", score, "torchmetrics", generalized.mean()
        score = kmm_score("BoxAccuracy", boxes, others, iou_threshold=0.5)
        yield "BoxAccuracy", score, "torchmetrics", (ious >= 0.5).mean()


def main():
    """Compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="how many random data sets")
    rounds, differences, scores = parser.parse_args().rounds, {}, {}
    warnings.simplefilter("ignore")  # what scikit-learn and torchmetrics think of empty masks
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        for rows in (binary_rows(rng, 24, (24, 32)), multi_class_rows(rng, 12, (24, 32)), other_rows(rng, 24)):
            for name, ours, package, theirs in rows:
                difference = float(np.max(np.abs(ours - theirs)))
                differences[name, package] = max(difference, differences.get((name, package), 0.0))
                scores.setdefault((name, package), (np.mean(ours), np.mean(theirs)))
    print(f"| metric | kmm | other | package | largest difference of {rounds} |\n|---|---|---|---|---|")
    for (name, package), (ours, theirs) in scores.items():
        print(f"| {name} | {ours:.6f} | {theirs:.6f} | {package} | {differences[name, package]:.1e} |")
    compared = {name.split(",")[0] for name, _ in scores}
    classes = [name for name in kmm.metrics.__all__ if isinstance(getattr(kmm.metrics, name), type)]
    for name in sorted(set(classes) - compared):
        print(f"| {name} | | | none | |")
    wrong = [key for key, value in differences.items() if not value <= TOLERANCE.get(key[1], 1e-4)]
    if wrong:
        raise SystemExit(f"These differ: {wrong}")


if __name__ == "__main__":
    main()
