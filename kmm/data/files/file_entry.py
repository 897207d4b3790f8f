"""One picture in a file of the user's, with all that is asked about it."""

import dataclasses

import numpy as np

from kmm.data.files.cropped_mask import CroppedMask
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.file_place import file_place
from kmm.data.prompt_sampling import draw_prompts


@dataclasses.dataclass(frozen=True, slots=True)
class FileEntry:
    """A picture and its phrases, nothing of it read yet.

    Args:
        where: file and line, for messages.
        image: path of the picture, or the content of its file as bytes.
        phrases: `FilePhrase`s, at least one.

    Example:

    >>> entry = FileEntry("train.jsonl:1", "1.jpg", (FilePhrase(("a car", "the car"), None),))
    >>> entry.texts
    (('a car', 'absent'), ('the car', 'absent'))
    """

    where: str
    image: str | bytes
    phrases: tuple[FilePhrase, ...]

    @property
    def texts(self):
        """Every text with its kind."""
        return tuple((text, phrase.kind) for phrase in self.phrases for text in phrase.texts)

    def words(self, stored_size, orientation):
        """What can be asked about the picture.

        Args:
            stored_size: `(height, width)` of the picture as its file stores it.
            orientation: its EXIF orientation, 1 to 8.

        Returns:
            An object with `draw(rng, num_prompts)`, which gives tuples of texts and kinds and the masks
            `(num_prompts, height, width)`; `phrase(number)`, which gives one of `texts`, its kind and its mask;
            `check()`, which reads every mask; and `nbytes`, the memory it takes by now.
        """
        return _FileWords(self.phrases, stored_size, orientation)


class _FileWords:
    """The phrases of one picture, and those of their masks that were read by now."""

    def __init__(self, phrases, stored_size, orientation):
        self._phrases, self._stored_size, self._orientation = phrases, stored_size, orientation
        self._upright_size = stored_size[::-1] if orientation >= 5 else stored_size
        self._masks = {}

    @property
    def nbytes(self):
        return sum(mask.nbytes for mask in tuple(self._masks.values()))

    def draw(self, rng, num_prompts):
        drawn = draw_prompts(self._phrases, rng, num_prompts)
        masks = np.zeros((num_prompts, *self._upright_size), np.uint8)
        for canvas, (index, _) in zip(masks, drawn, strict=True):
            self._paint(index, canvas)
        return tuple(text for _, text in drawn), tuple(self._phrases[index].kind for index, _ in drawn), masks

    def phrase(self, number):
        every = [(text, index) for index, phrase in enumerate(self._phrases) for text in phrase.texts]
        text, index = every[number]
        mask = np.zeros(self._upright_size, np.uint8)
        self._paint(index, mask)
        return text, self._phrases[index].kind, mask

    def check(self):
        for index in range(len(self._phrases)):
            self._cropped(index)

    def _paint(self, index, canvas):
        if self._phrases[index].mask is not None:
            self._cropped(index).paint(canvas)

    def _cropped(self, index):
        phrase = self._phrases[index]
        if phrase.mask is not None and index not in self._masks:
            with file_place(phrase.where):
                self._masks[index] = CroppedMask(phrase.mask.read(self._stored_size, self._orientation))
        return self._masks.get(index)
