"""The best and the worst answers of a split, as pictures."""

import math

import numpy as np

from kmm import feature_keys
from kmm.data.build_dataset import build_dataset
from kmm.evaluation.predict_function import predict_function
from kmm.evaluation.source_view import SourceView
from kmm.preprocessing import masks_from_logits
from kmm.reporting.html_elements import class_legend, escape, heading, number, picture
from kmm.reporting.section import Section
from kmm.visualization import overlay_mask
from kmm.visualization.grey_picture import grey_picture
from kmm.visualization.overlay_mask import PREDICTION_COLOR, TRUTH_COLOR

COUNT = 10
"""Samples in each gallery."""

SMALLEST = 288
"""Pictures of a smaller longer side are enlarged without smoothing, so that outlines stay thin."""

BATCH_SIZE = 8


def gallery_section(context):
    """The samples of the highest and of the lowest IoU, each of another picture; kinds of phrases take turns.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `best` and `worst`: dicts of `picture` (its number in the split), `prompt`, `kind`
        and `iou`; `None` where no sample has a pixel that counts.
    """
    scores, class_names = context.scores, context.source.class_names
    chosen = {"best": choose_samples(scores, best=True), "worst": choose_samples(scores, best=False)}
    if not any(chosen.values()):
        return None
    drawn = _predict(context, sorted({place for places in chosen.values() for place in places}))
    data, blocks = {}, []
    if class_names:
        blocks.append(class_legend(class_names))
    else:
        blocks.append(
            f'<p class="keys">{_key(TRUTH_COLOR)}what is meant {_key(PREDICTION_COLOR)}what the model answered</p>'
        )
    for name, places in chosen.items():
        data[name] = [_facts(scores, place) for place in places]
        cards = "".join(_card(facts, *drawn[place], context) for facts, place in zip(data[name], places, strict=True))
        blocks += [heading(name.capitalize()), f'<div class="samples">{cards}</div>']
    return Section(data, blocks)


def choose_samples(scores, best, count=COUNT):
    """The places of the samples with the highest or lowest IoU, each of another picture and, of phrases, another one.

    The kinds of phrases take turns, so that one sees what each of them gets. The best are of phrases with a target,
    where there are any.

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        best: the highest instead of the lowest.
        count: how many at most.

    Returns:
        A list of places, the most extreme of each kind first.
    """
    ious = np.where(np.isnan(scores.ious), np.nan, np.round(scores.ious, 4))
    candidates = ~np.isnan(ious)
    if best and (candidates & (scores.target_areas > 0)).any():
        candidates &= scores.target_areas > 0
    free, shown, chosen = list(np.flatnonzero(candidates)), {}, []
    while free and len(chosen) < count:
        place = min(free, key=lambda place: (shown.get(scores.kinds[place], 0), -ious[place] if best else ious[place]))
        chosen.append(int(place))
        shown[scores.kinds[place]] = shown.get(scores.kinds[place], 0) + 1
        free = [other for other in free if scores.pictures[other] != scores.pictures[place]]
        if scores.task == "referring":
            free = [other for other in free if scores.prompts[other] != scores.prompts[place]]
    return chosen


def _predict(context, places):
    """Picture, truth and prediction of samples, at the model's image size."""
    scores, collector = context.scores, context.collector
    pictures = sorted({int(scores.pictures[place]) for place in places})
    view = SourceView(context.source, pictures)
    dataset = build_dataset(
        view, context.split, BATCH_SIZE, context.model.image_size, collector.tokenizer, collector.num_prompts
    )
    predict = predict_function(context.model, collector.num_prompts, dataset.element_spec[0])
    drawn = {}
    for first, (inputs, masks) in zip(range(0, len(pictures), BATCH_SIZE), dataset, strict=True):
        answers = masks_from_logits(predict(inputs)[0]).numpy()
        for place in places:
            number = pictures.index(int(scores.pictures[place])) - first
            if 0 <= number < len(masks):
                prompt = place % collector.num_prompts
                image = inputs[feature_keys.IMAGES][number].numpy()
                drawn[place] = (image, masks[number, prompt].numpy(), answers[number, prompt])
    return drawn


def _facts(scores, place):
    iou = float(scores.ious[place])
    number = int(scores.pictures[place])
    return {"picture": number, "prompt": scores.prompts[place], "kind": scores.kinds[place], "iou": iou}


def _card(facts, image, truth, answer, context):
    class_names = context.source.class_names
    factor = max(1, math.ceil(SMALLEST / max(image.shape[:2])))
    image, truth, answer = (
        np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1) for pixels in (image, truth, answer)
    )
    below = image if class_names else grey_picture(image)
    panels = (
        picture(image, "picture"),
        picture(overlay_mask(below, truth, class_names, TRUTH_COLOR), "truth"),
        picture(overlay_mask(below, answer, class_names, PREDICTION_COLOR), "answer"),
    )
    said = facts["prompt"] if context.reads_words or not class_names else ""
    remarks = [f"IoU {number(facts['iou'], 2)}"]
    if not class_names:
        remarks.append(facts["kind"])
        remarks += [] if np.any(truth == 1) else ["names nothing"]
        remarks += [] if np.any(answer == 1) else ["empty answer"]
    remarks.append(f"picture {facts['picture']}")
    caption = f"<b>{escape(said)}</b>{escape(' · '.join(remarks))}" if said else escape(" · ".join(remarks))
    trio = f'<div class="trio">{"".join(panels)}</div>'
    return f'<figure class="sample">{trio}<figcaption>{caption}</figcaption></figure>'


def _key(color):
    return f'<span class="key" style="background: rgb{tuple(color)}"></span>'
