"""What spoilt pictures cost."""

import numpy as np

from kmm.evaluation.corruptions import corrupt
from kmm.evaluation.score_row import draw_scores, row_of_draws
from kmm.evaluation.statistics import main_score, score_of, statistic
from kmm.preprocessing import prepare_images


def corruption_rows(collector, clean, corruptions, strengths, **options):
    """The main score under every corruption and strength, means over the strengths, and the mean of all.

    Args:
        collector: a `kmm.evaluation.SampleCollector`.
        clean: what it collects about the pictures as they are.
        corruptions: names of `kmm.evaluation.corruptions.CORRUPTIONS`.
        strengths: whole numbers from 1 to 5.
        **options: `level`, `num_resamples` and `seed` of the intervals; the seed keys noise and fog too.

    Returns:
        The rows "corruptions" of `kmm.evaluation.generalization`.
    """
    score_name = main_score(clean.task)
    clean_score = score_of(clean, score_name)
    size, seed = collector.model.image_size, options.get("seed", 0)
    level = {key: options.pop(key) for key in ("level",) if key in options}

    def draws_of(corruption, strength):
        def change(image, picture):
            return corrupt(prepare_images(image, size).numpy(), corruption, strength, (seed, picture))

        spoilt = collector.collect(change_image=change, title=f"{corruption} {strength}")
        return draw_scores(spoilt, *statistic(spoilt, score_name), **options)

    def row(name, corruption, strength, draws):
        mean = [np.mean(parts, axis=0) for parts in zip(*draws, strict=True)]
        made = row_of_draws("corruptions", name, score_name, len(clean), mean, **level)
        drop = None if made["score"] is None or not clean_score > 0 else round(1 - made["score"] / clean_score, 6)
        return {**made, "corruption": corruption, "strength": strength, "relative_drop": drop}

    rows, found = [], []
    for corruption in corruptions:
        own = [draws_of(corruption, strength) for strength in strengths]
        rows += [row(f"{corruption} {of}", corruption, of, [part]) for of, part in zip(strengths, own, strict=True)]
        rows.append(row(f"{corruption}, mean", corruption, None, own))
        found += own
    return [*rows, row("mean of all", None, None, found)]
