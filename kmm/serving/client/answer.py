"""What a server said about one photograph."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """Masks of one photograph, one for each prompt.

    Attributes:
        masks: uint8 `(num_prompts, height, width)` at the upright photograph's own size: 0 and 1 for a model that
            finds what a prompt names, else class ids. Of a photograph that the server could not read, height and width
            are 0.
        scores: float32 `(num_prompts,)` in [0, 1], how sure the model is of each mask.
        present: bool `(num_prompts,)`, whether the model found the thing at all.
        statuses: tuple of a string for each prompt: "OK", or a code and a sentence such as "NOT_AN_IMAGE: ...".

    Example:

    >>> answer = Answer(np.zeros((2, 4, 6), "uint8"), np.zeros(2, "float32"), np.zeros(2, bool), ("OK", "OK"))
    >>> tuple(answer.masks.shape), answer.ok
    ((2, 4, 6), True)
    """

    masks: np.ndarray
    scores: np.ndarray
    present: np.ndarray
    statuses: tuple[str, ...]

    @property
    def ok(self):
        """Whether every status is "OK"."""
        return all(status == "OK" for status in self.statuses)
