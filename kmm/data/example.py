"""One example as every source gives it, and what a source must offer."""

import dataclasses
from typing import Protocol

import numpy as np


@dataclasses.dataclass(frozen=True)
class Example:
    """One photograph with `num_prompts` texts and one mask for each of them.

    Args:
        image: uint8 array `(height, width, 3)`, RGB.
        prompts: the texts, raw strings.
        segmentation_masks: uint8 array `(num_prompts, height, width)`: class ids for a semantic source, 0 and 1 for a
            referring one, 255 where a pixel does not count.
        kinds: what each text asks for, such as "relation"; scores are reported for each kind.
    """

    image: np.ndarray
    prompts: tuple[str, ...]
    segmentation_masks: np.ndarray
    kinds: tuple[str, ...]


class Source(Protocol):
    """Where examples come from. A source is deterministic: the same arguments give the same bytes.

    A source that reads files may offer `check()` too, which reads everything once and raises on what is unsound;
    `kmm.training.train_run` calls it before it starts.

    Attributes:
        name: a short word for reports, such as "shapes".
        task: "referring" (a phrase gives a binary mask) or "semantic" (a description gives a class for every pixel).
        class_names: names in the order of their ids; empty for a referring source.
        splits: the names of the splits.
    """

    name: str
    task: str
    class_names: tuple[str, ...]
    splits: tuple[str, ...]

    def num_examples(self, split: str) -> int:
        """How many pictures the split holds."""

    def example(self, split: str, index: int, epoch: int = 0, num_prompts: int = 1) -> Example:
        """The picture `index` of the split with `num_prompts` texts drawn for this epoch."""

    def prompts(self, split: str, limit: int = 2000) -> list[str]:
        """Up to `limit` texts of the split, to learn a vocabulary from."""
