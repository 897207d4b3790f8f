"""Do intervals hold the truth as often as they say? `python tests/benchmarks/bootstrap_coverage.py`.

Draws sets of pictures from a population whose scores are known, and counts how often the interval of a set's score
holds that of the population. The samples of a picture resemble each other: some pictures are hard. Beside it stands
what happens if samples are resampled as if each had a picture of its own. Prints a Markdown table.
"""

import argparse
import dataclasses

import numpy as np

from kmm.evaluation import SampleScores, bootstrap_interval, score_of

SCORES = {"referring": ("overall_iou", "sample_mean_iou", "mean_iou"), "semantic": ("mean_iou", "overall_iou")}
NUM_PIXELS = 1000


def referring_scores(num_pictures, seed, num_prompts=4):
    """Targets of all sizes, a tenth of them empty; how much is found, and what else, depends on the picture too."""
    random = np.random.default_rng(seed)
    count = num_pictures * num_prompts
    hard = np.repeat(random.normal(0, 1, num_pictures), num_prompts)
    areas = np.minimum(random.lognormal(4.0, 1.0, count), 600).astype(int) * (random.random(count) > 0.1)
    found = random.binomial(areas, 1 / (1 + np.exp(hard + random.normal(0, 0.7, count) - 1.2)))
    false = random.poisson(np.exp(2.0 + 0.6 * hard + random.normal(0, 1, count)) * (random.random(count) < 0.7))
    false = np.minimum(false, NUM_PIXELS - areas)
    confusion = np.zeros((count, 2, 2))
    confusion[:, 1, 1], confusion[:, 1, 0] = found, areas - found
    confusion[:, 0, 1], confusion[:, 0, 0] = false, NUM_PIXELS - areas - false
    return _scores("referring", ("background", "target"), num_pictures, num_prompts, confusion)


def semantic_scores(num_pictures, seed, num_classes=5):
    """One sample for each picture; the last class is rare, and in a third of the pictures only."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet((8, 5, 3, 1, 0.4), num_pictures)
    shares[:, -1] *= random.random(num_pictures) < 1 / 3
    labels = random.multinomial(NUM_PIXELS, shares / shares.sum(axis=1, keepdims=True))
    right = 1 / (1 + np.exp(random.normal(0, 0.8, (num_pictures, 1)) - np.array([3.0, 2.5, 2.0, 1.0, 0.5])))
    answers = right[:, :, None] * np.eye(num_classes) + (1 - right[:, :, None]) / num_classes
    confusion = random.multinomial(labels, answers).astype(float)
    return _scores("semantic", tuple("abcde"), num_pictures, 1, confusion)


def _scores(task, names, num_pictures, num_prompts, confusion):
    count = num_pictures * num_prompts
    rest = ("",) * count, ("any",) * count, confusion, np.broadcast_to(0.0, (count, 2, 100))
    return SampleScores(task, names, np.repeat(np.arange(num_pictures), num_prompts), *rest)


def truth(task, num_pictures=100_000):
    """The scores of a population, by name."""
    population = simulate(task, num_pictures, seed=12345)
    return {name: score_of(population, name) for name in SCORES[task]}


def simulate(task, num_pictures, seed):
    """One set of pictures."""
    return {"referring": referring_scores, "semantic": semantic_scores}[task](num_pictures, seed)


def coverage(task, num_sets=200, num_pictures=80, level=0.95, clustered=True, num_resamples=1000):
    """The share of sets whose interval holds the truth, by score."""
    known, held = truth(task), dict.fromkeys(SCORES[task], 0)
    for seed in range(num_sets):
        scores = simulate(task, num_pictures, seed)
        if not clustered:
            scores = dataclasses.replace(scores, pictures=np.arange(len(scores)))
        for name in held:
            low, high = bootstrap_interval(scores, name, level=level, num_resamples=num_resamples, seed=seed)
            held[name] += low <= known[name] <= high
    return {name: count / num_sets for name, count in held.items()}


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=200, metavar="N", help="simulated sets (default: 200)")
    parser.add_argument("--pictures", type=int, nargs="+", default=[40, 80, 160], metavar="N", help="in a set")
    args = parser.parse_args()
    print("| task | score | truth | pictures | 95 % interval holds it | pictures' samples taken as independent |")
    print("|---|---|---:|---:|---:|---:|")
    for task, names in SCORES.items():
        known = truth(task)
        for count in args.pictures:
            ours = coverage(task, args.sets, count)
            naive = coverage(task, args.sets, count, clustered=False) if task == "referring" else None
            for name in names:
                other = f"{naive[name]:.1%}" if naive else "-"
                print(f"| {task} | {name} | {known[name]:.3f} | {count} | {ours[name]:.1%} | {other} |", flush=True)


if __name__ == "__main__":
    main()
