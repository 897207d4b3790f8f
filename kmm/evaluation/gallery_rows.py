"""Examples to look at: what was asked, what is true, what the model says."""

import numpy as np

from kmm import feature_keys
from kmm.data.build_dataset import build_dataset
from kmm.evaluation.predict_function import predict_function
from kmm.evaluation.source_view import SourceView
from kmm.metrics import MeanIoU, SampleMeanIoU
from kmm.preprocessing import masks_from_logits
from kmm.preprocessing.tokenizer_for import tokenizer_for

BATCH_SIZE = 8


def gallery_rows(model, source, split, count=8, seed=0):
    """Draws examples of a split with a model's predictions, ready for `kmm.visualization.plot_gallery`.

    Of a referring source every picture is shown with two phrases, one after the other, and the kinds of phrases take
    turns; so one sees whether the words change the answer.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        count: how many rows; less where the split has fewer pictures.
        seed: another seed draws other pictures.

    Returns:
        A list of dicts with `image` (uint8, `(height, width, 3)`, the model's image size), `prompt` (empty for a model
        of images alone), `truth` and `prediction` (uint8, `(height, width)`, class ids or 0 and 1, 255 in the truth
        where a pixel does not count) and `iou` (of the sample; class mean for a semantic source).

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(4, 4)),
    ...     decoder=kmm.decoders.FCNDecoder(filters=4, levels=("P2",)),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=1)},
    ... )
    >>> rows = kmm.evaluation.gallery_rows(model, source, "test", count=3)
    >>> len(rows), sorted(rows[0])
    (3, ['image', 'iou', 'prediction', 'prompt', 'truth'])
    """
    phrases_each, num_prompts = (2, 6) if source.task == "referring" else (1, 1)
    pictures = np.random.default_rng(seed).permutation(source.num_examples(split))[: -(-count // phrases_each)]
    view = SourceView(source, pictures)
    tokenizer = tokenizer_for(model)
    dataset = build_dataset(view, split, BATCH_SIZE, model.image_size, tokenizer, num_prompts)
    predict = predict_function(model, num_prompts, dataset.element_spec[0])

    rows, shown = [], {}
    for first, (inputs, masks) in zip(range(0, len(pictures), BATCH_SIZE), dataset, strict=True):
        logits, _ = predict(inputs)
        for place in range(len(masks)):
            example = view.example(split, first + place, num_prompts=num_prompts)
            for prompt in _choose(example, phrases_each, shown):
                rows.append(
                    {
                        "image": inputs[feature_keys.IMAGES][place].numpy(),
                        "prompt": example.prompts[prompt] if tokenizer else "",
                        "truth": masks[place, prompt].numpy(),
                        **_prediction(masks[place, prompt], logits[place, prompt]),
                    }
                )
    return rows[:count]


def _choose(example, number, shown):
    """Places of different prompts whose kinds were shown least; `shown` counts them."""
    chosen = []
    while len(chosen) < number:
        texts = [example.prompts[place] for place in chosen]
        free = [place for place, text in enumerate(example.prompts) if text not in texts]
        if not free:
            break
        place = min(free, key=lambda place: shown.get(example.kinds[place], 0))
        shown[example.kinds[place]] = shown.get(example.kinds[place], 0) + 1
        chosen.append(place)
    return chosen


def _prediction(mask, logits):
    num_classes = logits.shape[-1]
    metric = SampleMeanIoU() if num_classes == 1 else MeanIoU(num_classes)
    metric.update_state(mask[None], logits[None])
    return {"prediction": masks_from_logits(logits).numpy(), "iou": float(metric.result())}
