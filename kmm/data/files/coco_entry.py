"""One picture of an annotation file in COCO's format, with its objects."""

import dataclasses

from kmm.data.files.cropped_mask import CroppedMask
from kmm.data.files.file_place import file_place
from kmm.data.files.mask_spec import MaskSpec
from kmm.data.instance_phrases import InstancePhrases


@dataclasses.dataclass(frozen=True, slots=True)
class CocoEntry:
    """A picture and its annotated objects, nothing of them read yet; of the tuples, each has an item for an object.

    Args:
        where: file and id of the picture, for messages.
        image: path of the picture.
        nouns: the categories of the file: entries of a `ClassList`.
        categories: indices of categories.
        masks: `MaskSpec`s.
        crowds: whether it marks a crowd.
        sentences: tuples of texts about it.
        places: file and id of the annotation, for messages.
        absent: indices of categories known to be absent; `None` for all that are not annotated.
        incomplete: indices of categories of which more may be there than is annotated.
        negatives: share of the phrases that ask for an absent category.

    Example:

    >>> from kmm.data.class_list import ClassList
    >>> nouns = ClassList.from_json([{"name": "dog"}]).entries
    >>> entry = CocoEntry("a.json: image 1", "1.jpg", nouns, (0,), (MaskSpec(polygons=[[0, 0, 4, 0, 4, 4]]),))
    >>> entry.words((4, 8), orientation=1).targets[0].texts
    ('the dog', 'dog')
    """

    where: str
    image: str
    nouns: tuple
    categories: tuple[int, ...]
    masks: tuple[MaskSpec, ...]
    crowds: tuple[bool, ...] = ()
    sentences: tuple[tuple[str, ...], ...] = ()
    places: tuple[str, ...] = ()
    absent: tuple[int, ...] | None = None
    incomplete: tuple[int, ...] = ()
    negatives: float = 0.2

    @property
    def texts(self):
        """The annotators' sentences with their kind; all other texts are made from the masks."""
        return tuple((text, "phrase") for texts in self.sentences for text in texts)

    def words(self, stored_size, orientation):
        """What can be asked about the picture; see `FileEntry.words`."""
        masks = []
        for mask, where in zip(self.masks, self.places or (self.where,) * len(self.masks), strict=True):
            with file_place(where):
                masks.append(CroppedMask(mask.read(stored_size, orientation)))
        return InstancePhrases(
            image_size=stored_size[::-1] if orientation >= 5 else stored_size,
            masks=masks,
            categories=self.categories,
            nouns=self.nouns,
            crowds=self.crowds,
            sentences=self.sentences,
            absent=self.absent,
            incomplete=self.incomplete,
            negatives=self.negatives,
        )
