"""Text-guided data from any set of photographs with class-id masks."""

import pathlib

from kmm.data.class_mask_folder import ClassMaskFolder, class_list_from, read_pair
from kmm.data.class_mask_source import ClassMaskSource
from kmm.data.mask_phrases import SHARES
from kmm.preprocessing.read_image import name_of


def from_class_masks(
    directory_or_pairs,
    task="referring",
    classes=None,
    templates=None,
    synonyms=None,
    negatives=SHARES["absent"],
    seed=0,
    things=None,
):
    """A source with words made from class-id masks: phrases for parts of a picture, or descriptions of all of it.

    Class names, synonyms, several wordings, position and size from connected components, and classes that are not
    there make the phrases; see `MaskPhrases` and `SceneDescription` for what is said when, and `ClassList` for how
    classes are named. Ids that the class list ignores, such as void, are never asked for and count nowhere.

    Args:
        directory_or_pairs: a folder with `SPLIT/images` and `SPLIT/masks`; or a dict from split to pairs of picture and
            mask, each a path or the file's content as bytes; a list of pairs is the split "train".
        task: "referring" (a phrase gives a binary mask) or "semantic" (a description gives a class for every pixel).
        classes: path of a `classes.json`, its content as a list or dict, or a `ClassList`; a folder may hold its own.
        templates: wordings in place of kmm's own, by kind: dict from "class", "position", "size" or "description" to a
            list of format strings with `{}` for the noun; those of "position" hold `{place}` too.
        synonyms: dict from class name to more words for it, each a word or a `[singular, plural]` pair.
        negatives: share of the phrases that ask for a class that is not there, in [0, 1].
        seed: int, keys the drawing of texts together with epoch, split and index.
        things: which bare names in the class list are counted: a list of them, or `True` for all but those that English
            does not count; see `ClassList`.

    Returns:
        A `kmm.data.ClassMaskSource`.

    Raises:
        ValueError: missing files, no pictures, no class names, or arguments that do not fit together.

    Example:

    >>> import io, numpy as np
    >>> from PIL import Image
    >>> def png(array):
    ...     file = io.BytesIO()
    ...     Image.fromarray(array).save(file, "PNG")
    ...     return file.getvalue()
    >>> ids = np.zeros((8, 12), np.uint8)
    >>> ids[2:5, :4] = 1
    >>> pairs = [(png(np.zeros((8, 12, 3), np.uint8)), png(ids))]
    >>> source = from_class_masks(pairs, classes=["wall", "cup"], things=["cup"], templates={"class": ["find the {}"]})
    >>> source.example("train", 0, num_prompts=3).prompts
    ('find the wall', 'the cup on the left side', 'find the cup')
    """
    options = {"task": task, "templates": templates, "negatives": negatives, "seed": seed}
    if isinstance(directory_or_pairs, (str, pathlib.PurePath)):
        return ClassMaskFolder(directory_or_pairs, classes=classes, synonyms=synonyms, things=things, **options)
    if classes is None:
        raise ValueError(
            "Pairs of pictures and masks need the names of their classes. Received: classes=None. Pass a list of names "
            "in the order of the ids, or a path of a classes.json."
        )
    pairs = _check_pairs(directory_or_pairs)
    return ClassMaskSource(
        read_pair=lambda split, index: read_pair(*pairs[split][index]),
        num_examples={split: len(of_split) for split, of_split in pairs.items()},
        class_list=class_list_from(classes, things).with_synonyms(synonyms or {}),
        where=lambda split, index: name_of(pairs[split][index][0]),
        **options,
    )


def _check_pairs(pairs):
    """The pairs by split, all files there."""
    pairs = {split: list(found) for split, found in (pairs if isinstance(pairs, dict) else {"train": pairs}).items()}
    missing = []
    for split, found in pairs.items():
        for index, pair in enumerate(found):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ValueError(
                    f"Every example must be a pair of picture and mask. Received: {pair!r:.100} as {split}[{index}]. "
                    "Pass {'train': [(picture, mask), ...], ...} with paths or bytes."
                )
            missing += [file for file in pair if not isinstance(file, bytes) and not pathlib.Path(file).is_file()]
    if missing:
        more = f" and {len(missing) - 10} more" if missing[10:] else ""
        raise ValueError(f"Files must exist. Received: no file {', '.join(map(str, missing[:10]))}{more}.")
    return pairs
