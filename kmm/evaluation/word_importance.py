"""What each word of one prompt changes in the answer."""

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.preprocessing import masks_from_logits, prepare_images
from kmm.preprocessing.mask_outputs import segmentation_logits
from kmm.preprocessing.tokenizer_for import tokenizer_for


def word_importance(model, image, prompt, threshold=0.5):
    """Leaves each word of a prompt out in turn and sees how far the mask changes, ready for `plot_word_importance`.

    Use it to look at single answers; `kmm.evaluation.audit_language` says the same for a split. No truth is needed. A
    word that changes nothing may be ignored, or may not be needed here.

    Args:
        model: a `kmm.models.MultimodalModel` that reads words.
        image: uint8 picture `(height, width, 3)` of any size.
        prompt: the words.
        threshold: probability above which a pixel belongs to a binary mask.

    Returns:
        A dict of `image` (uint8, the model's size), `prompt`, `mask` (uint8 `(height, width)`, the answer to all words)
        and `words`, for each a dict of `word`, `mask` (the answer without it) and `change`: 1 minus the IoU of the two
        masks, 0 where both are empty; of several classes 1 minus the mean IoU of those in either mask.

    Raises:
        ValueError: if the model reads no words, or the prompt has none.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "cup"], sequence_length=4)
    >>> model = kmm.models.referring_segmenter((32, 32), tokenizer, widths=(8, 8), text_units=8, fusion_filters=8)
    >>> row = kmm.evaluation.word_importance(model, np.zeros((40, 50, 3), np.uint8), "the red cup")
    >>> [word["word"] for word in row["words"]], row["mask"].shape
    (['the', 'red', 'cup'], (32, 32))
    """
    tokenizer = tokenizer_for(model)
    words = prompt.split()
    if tokenizer is None or not words:
        raise ValueError(
            "Words can be left out only where a model reads some. Received: "
            f"prompt={prompt!r}, model.inputs={sorted(tensor.name for tensor in model.inputs)}. Give a prompt of at "
            "least one word to a model that reads words."
        )
    image = prepare_images(image, model.image_size)
    prompts = [prompt, *(" ".join((*words[:place], *words[place + 1 :])) for place in range(len(words)))]
    inputs = {feature_keys.IMAGES: tf.repeat(image[None], len(prompts), axis=0), **tokenizer(tf.constant(prompts))}
    masks = masks_from_logits(segmentation_logits(model(inputs, training=False)), threshold=threshold).numpy()
    is_binary = model.num_classes == 1
    rows = [
        {"word": word, "change": _change(masks[0], mask, is_binary), "mask": mask}
        for word, mask in zip(words, masks[1:], strict=True)
    ]
    return {"image": image.numpy(), "prompt": prompt, "mask": masks[0], "words": rows}


def _change(mask, other, is_binary):
    """1 minus the mean IoU of what is in either mask; of a binary mask the target alone."""
    classes = {1} if is_binary else set(np.union1d(mask, other).tolist())
    unions = {k: np.count_nonzero((mask == k) | (other == k)) for k in classes}
    ious = [np.count_nonzero((mask == k) & (other == k)) / union for k, union in unions.items() if union]
    return float(1 - np.mean(ious)) if ious else 0.0
