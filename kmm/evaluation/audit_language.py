"""Whether a model reads: its scores under true words and under wrong ones."""

import collections
import dataclasses
import math

import numpy as np

from kmm.evaluation.audit_report import side_verdict, text_verdict
from kmm.evaluation.bootstrap import bootstrap_difference, bootstrap_interval
from kmm.evaluation.prompt_variants import (
    blank_prompts,
    prompts_of_other_objects,
    prompts_of_other_pictures,
    prompts_with_sides_swapped,
    prompts_without_a_word,
)
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.statistics import main_score, score_of
from kmm.evaluation.word_kinds import WORD_KINDS, plain_word, word_kind

MAX_LISTED_WORDS = 30


def audit_language(
    model, source, split, num_prompts=None, batch_size=16, limit=None, word_limit=64, max_words=12, verbose=1
):
    """Asks a model with the true words and with wrong ones, and says whether it reads them.

    Each condition asks about the same pictures and masks with other words. Samples whose words stay the same, such as
    prompts without a side when sides are swapped, are left out of it. What is lost is the score with the true words on
    the same samples minus that with the others, with an interval from resampled pictures.

    | condition | the words |
    |---|---|
    | `true` | the sample's own |
    | `shuffled` | those of the picture half the split away |
    | `blank` | none |
    | `wrong_object` (referring) | those of another object of the same picture |
    | `sides_swapped` | "left" for "right" and "right" for "left" (English); referring: only where something is named |
    | `word_dropped` | each word left out in turn |

    The verdict on the text rests on `shuffled`, for words that say nothing are none that a model was trained with; see
    `kmm.evaluation.audit_report.text_verdict` and `side_verdict` for the rules: a model uses its text where the gap is
    at least 0.02 and its interval lies above 0, in at least 8 pictures.

    Args:
        model: a `kmm.models.MultimodalModel` or a `DecisionFusion`.
        source: a `kmm.data.Source`.
        split: which split of it.
        num_prompts: prompts for each picture; `None` for 6 of a referring and 1 of a semantic source.
        batch_size: pictures in a batch.
        limit: only the first pictures; `None` for all.
        word_limit: words are left out of the first so many pictures, since every word takes another question; `None`
            for all, 0 for no words.
        max_words: words left out of one prompt at most, evenly spread over a longer one.
        verbose: 0 for no progress bar.

    Returns:
        A dict that is plain JSON, with `None` where there was nothing to score: `task`, `score_name` (the main score),
        `split`, `num_pictures`, `num_samples`, `language_gap` (what is lost by shuffled prompts), and

        - `conditions`: for each `score`, `interval`, `num_samples`, `num_pictures`, and but for `true` also
          `true_score`, `gap`, `gap_interval` and `p_value`;
        - `verdicts`: `text` and `sides`, each with `answer` and `sentence`;
        - `words`, the most frequent first, and `word_kinds`: for each `word` its `kind`, `true_score`, `score` without
          it, `drop`, `interval` of the drop and `num_samples`.

    Raises:
        ValueError: if `max_words` is below 1 or `word_limit` negative, and as `kmm.evaluation.SampleCollector` does.

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(4, 4)),
    ...     decoder=kmm.decoders.FCNDecoder(filters=4, levels=("P2",)),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=1)},
    ... )
    >>> audit = kmm.evaluation.audit_language(model, source, "val", limit=2, verbose=0)
    >>> audit["verdicts"]["text"]["sentence"]
    'The model reads no words: it sees the picture alone.'
    """
    if max_words < 1 or (word_limit or 0) < 0:
        raise ValueError(
            "At least one word is left out of a prompt, in no less than 0 pictures. Received: "
            f"max_words={max_words}, word_limit={word_limit}. Use word_limit=0 to leave no words out."
        )
    collector = SampleCollector(model, source, split, num_prompts, batch_size, limit=limit, verbose=verbose)
    name = main_score(source.task)
    true = _slim(collector.collect(title="picture (true)"))
    conditions = {"true": _condition(true, name)}
    words, kinds = [], []
    if collector.tokenizer is not None:
        for condition, prompts in _variants(collector, source.task).items():
            changed = np.array(_flat(prompts)) != np.array(true.prompts)
            if condition == "sides_swapped" and source.task == "referring":
                changed &= true.target_areas > 0  # whatever is absent stays so
            chosen = true.select(changed)
            others = chosen
            if changed.any():
                others = _slim(collector.collect(prompts, title=f"picture ({condition})")).select(changed)
            conditions[condition] = _condition(others, name, chosen)
        dropped = _drop_words(model, source, split, collector, true, word_limit, max_words)
        if dropped is not None:
            conditions["word_dropped"] = _condition(dropped.others, name, dropped.true)
            words, kinds = _word_rows(dropped, name, source.class_names)
    return _plain(
        {
            "task": source.task,
            "score_name": name,
            "split": split,
            "num_pictures": len(collector.prompts),
            "num_samples": len(true),
            "language_gap": conditions["shuffled"]["gap"] if "shuffled" in conditions else 0.0,
            "conditions": conditions,
            "verdicts": {
                "text": text_verdict(_plain(conditions), name),
                "sides": side_verdict(_plain(conditions), source.task),
            },
            "words": words,
            "word_kinds": kinds,
        }
    )


def _variants(collector, task):
    prompts = collector.prompts
    variants = {"shuffled": prompts_of_other_pictures(prompts)}
    if task == "referring":
        variants["wrong_object"] = prompts_of_other_objects(prompts, collector.targets)
    return {**variants, "blank": blank_prompts(prompts), "sides_swapped": prompts_with_sides_swapped(prompts)}


def _flat(nested):
    return [item for own in nested for item in own]


def _slim(scores):
    """Without the histograms, which are not asked for here."""
    return dataclasses.replace(scores, probabilities=scores.probabilities[..., :0], ranks=None)


def _condition(scores, name, true=None):
    """One row: the score, and what it loses against the true words on the same samples."""
    row = {"score": None, "interval": None, "num_samples": len(scores)}
    row["num_pictures"] = len(set(scores.pictures.tolist()))
    if len(scores):
        row.update(score=score_of(scores, name), interval=bootstrap_interval(scores, name))
    if true is not None:
        row["true_score"] = score_of(true, name) if len(true) else None
        row.update(_loss(true, scores, name, "gap", "gap_interval", "p_value"))
    return row


def _loss(true, others, name, *keys):
    if not len(true):
        return dict.fromkeys(keys)  # None
    difference = bootstrap_difference(true, others, name)
    values = (difference.value, (difference.low, difference.high), difference.p_value)
    return dict(zip(keys, values, strict=False))


@dataclasses.dataclass
class _Dropped:
    """The words left out, the samples' scores without each, and those with all words."""

    words: list
    true: object
    others: object


def _drop_words(model, source, split, collector, true, word_limit, max_words):
    """Every word left out in turn; `None` where there is none."""
    count = len(collector.prompts) if word_limit is None else min(word_limit, len(collector.prompts))
    longest = max((len(text.split()) for own in collector.prompts[:count] for text in own), default=0)
    if not count or not longest:
        return None
    if count < len(collector.prompts):
        options = {"limit": count, "verbose": collector.verbose}
        collector = SampleCollector(model, source, split, collector.num_prompts, collector.batch_size, **options)
    words, places, parts = [], [], []
    turns = min(longest, max_words)
    for turn in range(turns):
        prompts, left_out = prompts_without_a_word(collector.prompts, turn, max_words)
        asked = np.array([word is not None for word in _flat(left_out)])
        scores = _slim(collector.collect(prompts, title=f"picture (word {turn + 1} of {turns})"))
        words += [word for word in _flat(left_out) if word is not None]
        places.append(np.flatnonzero(asked))
        parts.append(scores.select(asked))
    return _Dropped(words, true.select(np.concatenate(places)), _joined(parts))


def _joined(parts):
    """Samples of several collections as one."""
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("pictures", "confusion")}
    joined["probabilities"] = np.concatenate([part.probabilities for part in parts])
    joined.update({name: sum((getattr(part, name) for part in parts), ()) for name in ("prompts", "kinds")})
    return dataclasses.replace(parts[0], **joined)


def _word_rows(dropped, name, class_names):
    """What is lost without each word and without words of each kind."""
    words = np.array([plain_word(word) for word in dropped.words])
    kind_of = {word: word_kind(word, class_names) for word in set(words.tolist())}
    kinds = np.array([kind_of[word] for word in words.tolist()])
    frequent = [word for word, _ in collections.Counter(words.tolist()).most_common() if word][:MAX_LISTED_WORDS]
    rows = [{"word": word, "kind": kind_of[word], **_row(dropped, words == word, name)} for word in frequent]
    return rows, [{"kind": kind, **_row(dropped, kinds == kind, name)} for kind in WORD_KINDS if (kinds == kind).any()]


def _row(dropped, chosen, name):
    true, others = dropped.true.select(chosen), dropped.others.select(chosen)
    scores = {"true_score": score_of(true, name), "score": score_of(others, name), "num_samples": len(true)}
    return {**scores, **_loss(true, others, name, "drop", "interval")}


def _plain(value):
    """Rounded to 6 decimals; `None` for nan, which JSON does not know, and for intervals with it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return None if any(math.isnan(item) for item in value) else [_plain(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value
