"""Losses and weights for rare targets: `python tests/benchmarks/compare_losses.py` prints two Markdown tables.

Drawn scenes of 64 x 64 pixels with three spots each. One spot in three is a target, 1 % of all pixels, and only a bit
lighter than the others: seldom is a spot more probably a target than not, as with findings in medicine or flaws in
material. Plain cross-entropy learns that and answers nothing where the odds are below one half; the other ways value a
target that is found more than a spot marked in vain. One net, the same steps, batches, learning rate and seeds for all.
The scenes and the rows' arguments were chosen on the split "val"; the tables are about "test".

The first table is about one channel of logits (target or not, score: overall IoU), the second about three classes
(background, warm and, rarer, cold targets; score: mean IoU of the two kinds). The gap is the mean difference to plain
cross-entropy with the same seeds.

`--task binary` or `--task classes` prints one table, `--rows focal Dice` some of its rows, `--split val` another split.
"""

import argparse
import time

import keras
import numpy as np

import kmm
from kmm.losses import (
    BinaryCrossEntropyDice,
    BinaryDice,
    BinaryFocal,
    BinaryHardPixels,
    BinaryLovasz,
    BinarySegmentationCrossEntropy,
    BinaryTversky,
    BoundaryWeighted,
    CategoricalDice,
    CategoricalFocal,
    CategoricalHardPixels,
    CategoricalLovasz,
    CategoricalTversky,
    ExpectedCost,
    SegmentationCrossEntropy,
    pixel_weights,
)

SIZE, BATCH_SIZE, LEARNING_RATE = 64, 16, 3e-3
COLORS = ((60, 20, -20), (-20, 20, 60))
"""What a warm and a cold spot add to the ground, in levels of red, green and blue."""
LIGHTER, SPREAD = 14.0, 20.0
"""By how many levels targets are lighter than other spots, and the standard deviation of either."""
NUM_SPOTS, TARGETS, COLD = 3, 1 / 3, 1 / 3
"""Spots in a scene, and the shares of targets and of cold ones among them."""


class Spots:
    """Scenes with three spots on a noisy ground; every scene is its index's.

    Args:
        task: "referring" for targets of any colour, or "semantic" for warm and cold ones.
    """

    name, splits = "spots", ("train", "val", "test")
    counts = {"train": 800, "val": 300, "test": 600}

    def __init__(self, task):
        self.task, self.drawn = task, {}
        self.class_names = ("background", "warm", "cold") if task == "semantic" else ()

    def num_examples(self, split):
        return self.counts[split]

    def example(self, split, index, epoch=0, num_prompts=1):
        if (split, index) not in self.drawn:
            self.drawn[split, index] = self.draw(split, index)
        image, mask = self.drawn[split, index]
        return kmm.data.Example(image, ("a target",) * num_prompts, np.stack([mask] * num_prompts), ("",) * num_prompts)

    def draw(self, split, index):
        """The picture and its mask."""
        rng = np.random.default_rng([index, self.splits.index(split)])
        slope = np.linspace(-20, 20, SIZE)
        image = np.full((SIZE, SIZE, 3), rng.uniform(80, 130)) + np.add.outer(slope, slope)[..., None]
        image += 10 * rng.normal(size=image.shape)
        mask = np.zeros((SIZE, SIZE), np.uint8)
        rows, columns = np.mgrid[:SIZE, :SIZE]
        for place in rng.permutation(9)[:NUM_SPOTS]:  # of a grid of 3 x 3, so that no spot covers another
            row, column = 12 + 20 * np.array(divmod(place, 3)) + rng.uniform(-5, 5, 2)
            inside = np.hypot(rows - row, columns - column) < rng.uniform(3, 4)
            is_target, is_cold = rng.random() < TARGETS, rng.random() < COLD
            image[inside] += np.array(COLORS[int(is_cold)]) + LIGHTER * is_target + SPREAD * rng.normal()
            if is_target:
                mask[inside] = 1 + (is_cold and self.task == "semantic")
        return np.clip(image, 0, 255).astype(np.uint8), mask

    def prompts(self, split, limit=2000):
        return ["a target"]

    def target_shares(self):
        """The share of targets in every training scene."""
        masks = [self.example("train", index).segmentation_masks for index in range(self.counts["train"])]
        return np.array([(mask > 0).mean() for mask in masks])


def ways(task, weights):
    """The rows of a table: a name, a loss, and whether to weigh "pixels" or to draw scenes with more "targets"."""
    if task == "referring":
        plain, weight = BinarySegmentationCrossEntropy, float(np.sqrt(weights[1] / weights[0]))
        return {
            "cross-entropy": (plain(), None),
            "focal": (BinaryFocal(), None),
            "focal, target weighed": (BinaryFocal(positive_weight=weight), None),
            "Dice": (BinaryDice(), None),
            "cross-entropy + Dice": (BinaryCrossEntropyDice(), None),
            "Tversky": (BinaryTversky(), None),
            "Lovász": (BinaryLovasz(), None),
            "boundary-weighted": (BoundaryWeighted(plain()), None),
            "hard pixels": (BinaryHardPixels(), None),
            "hard pixels, target weighed": (BinaryHardPixels(positive_weight=weight), None),
            "target weighed": (plain(positive_weight=weight), None),
            "pixels weighed": (plain(), "pixels"),
            "scenes with targets drawn more often": (plain(), "targets"),
        }
    plain, weights = SegmentationCrossEntropy, [float(weight) for weight in np.sqrt(weights)]
    return {
        "cross-entropy": (plain(), None),
        "focal": (CategoricalFocal(), None),
        "focal, classes weighed": (CategoricalFocal(class_weights=weights), None),
        "Dice": (CategoricalDice(), None),
        "Tversky": (CategoricalTversky(), None),
        "Lovász": (CategoricalLovasz(), None),
        "boundary-weighted": (BoundaryWeighted(plain()), None),
        "hard pixels": (CategoricalHardPixels(), None),
        "hard pixels, classes weighed": (CategoricalHardPixels(class_weights=weights), None),
        "classes weighed": (plain(class_weights=weights), None),
        "costs": (ExpectedCost([[0, 1, 1], [10, 0, 2], [10, 2, 0]]), None),
        "pixels weighed": (plain(), "pixels"),
        "scenes with targets drawn more often": (plain(), "targets"),
    }


def make_net(channels):
    """A small net with one skip, all in float32."""

    def block(maps, filters, **options):
        maps = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, **options)(maps)
        return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(maps))

    images = keras.Input((SIZE, SIZE, 3))
    fine = block(keras.layers.Rescaling(1 / 127.5, -1)(images), 12)
    coarse = block(block(block(fine, 24, strides=2), 24), 24, dilation_rate=2)
    up = keras.layers.UpSampling2D(interpolation="bilinear")(keras.layers.Conv2D(12, 1)(coarse))
    return keras.Model(images, keras.layers.Conv2D(channels, 1)(block(keras.layers.Concatenate()([fine, up]), 12)))


def score_of(source, split, loss, how, weights, seed, steps):
    """Trains once and scores on a split."""
    keras.utils.set_random_seed(seed)
    drawn = source
    if how == "targets":
        shares = source.target_shares()
        drawn = kmm.data.Weighted(source, by=shares + 0.1 * shares.mean(), seed=seed)
    options = {"batch_size": BATCH_SIZE, "image_size": (SIZE, SIZE)}
    train = kmm.data.build_dataset(drawn, "train", training=True, seed=seed, **options)
    train = train.map(lambda inputs, masks: (inputs["images"], masks))
    if how == "pixels":
        train = train.map(lambda images, masks: (images, masks, pixel_weights(masks, np.sqrt(weights))))
    scored = kmm.data.build_dataset(source, split, **options).map(lambda inputs, masks: (inputs["images"], masks))
    classes = len(source.class_names) or 1
    model = make_net(classes)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(keras.optimizers.Adam(schedule, global_clipnorm=1.0), loss)
    model.fit(train, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
    metric = kmm.metrics.OverallIoU() if classes == 1 else kmm.metrics.MeanIoU(classes)
    for images, masks in scored:
        metric.update_state(masks, model(images, training=False))
    return float(metric.result()) if classes == 1 else float(np.nanmean(metric.per_class()[1:]))


def print_table(task, rows, seeds, steps, split):
    """One table, row by row as it comes."""
    source = Spots(task)
    weights = np.array(kmm.training.class_weights_from(source, method="inverse"))
    shares = 1 / weights / np.sum(1 / weights)
    print(f"\nTargets: {100 * (1 - shares[0]):.2f} % of the pixels. {steps} steps of {BATCH_SIZE} scenes.\n")
    print("| way | IoU | gap to cross-entropy | seconds a run |\n|---|---|---|---|", flush=True)
    plain = None
    for name, (loss, how) in ways(task, weights).items():
        if rows and name != "cross-entropy" and not any(word in name.split() for word in rows):
            continue
        start = time.monotonic()
        scores = np.array([score_of(source, split, loss, how, weights, seed, steps) for seed in range(seeds)])
        seconds = (time.monotonic() - start) / seeds
        plain = scores if plain is None else plain
        gaps = scores - plain
        spread = [100 * np.std(values, ddof=1) if seeds > 1 else 0.0 for values in (scores, gaps)]
        gap = "" if gaps is plain or name == "cross-entropy" else f"{100 * gaps.mean():+.1f} ± {spread[1]:.1f}"
        print(f"| {name} | {100 * scores.mean():.1f} ± {spread[0]:.1f} | {gap} | {seconds:.0f} |", flush=True)


def main():
    """Parses the words and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=("binary", "classes"))
    parser.add_argument("--rows", nargs="+", help="words of the rows to do")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--split", choices=("val", "test"), default="test")
    args = parser.parse_args()
    for name, task in (("binary", "referring"), ("classes", "semantic")):
        if args.task in (None, name):
            print_table(task, args.rows, args.seeds, args.steps, args.split)


if __name__ == "__main__":
    main()
