"""A semantic source seen through the classes of a model that was trained on another one."""

import dataclasses

import numpy as np

from kmm.feature_keys import IGNORE_VALUE

_NO_CLASS = 254
"""What a label beyond the source's classes becomes, so that it is refused as such."""


class SharedClasses:
    """Labels of a semantic source under the ids of other classes, by name.

    Pixels of a class that the others do not have are labelled 255: they count nowhere.

    Args:
        source: a semantic `kmm.data.Source`.
        class_names: the classes of the model, in the order of their ids.

    Attributes:
        shared_names: the classes that both have, in the order of `class_names`.

    Raises:
        ValueError: if no name is in both, in any case of letters.

    Example:

    >>> import types
    >>> other = types.SimpleNamespace(name="city", task="semantic", class_names=("Car", "Sky"), splits=("test",))
    >>> SharedClasses(other, ("road", "sky", "car")).shared_names
    ('sky', 'car')
    """

    def __init__(self, source, class_names):
        own = {name.lower(): place for place, name in enumerate(source.class_names)}
        self.shared_names = tuple(name for name in class_names if name.lower() in own)
        if not self.shared_names:
            raise ValueError(
                "Another data set must share a class with the model, by name. Received: classes "
                f"{_listed(source.class_names)} of {source.name!r}, and {_listed(class_names)} of the model. Give a "
                "data set of the same things, or rename its classes in its classes.json."
            )
        self.source, self.name, self.task, self.splits = source, source.name, source.task, source.splits
        self.class_names = tuple(class_names)
        self._ids = np.full(256, _NO_CLASS, "uint8")
        self._ids[: len(own)] = self._ids[IGNORE_VALUE] = IGNORE_VALUE
        for place, name in enumerate(class_names):
            if name.lower() in own:
                self._ids[own[name.lower()]] = place

    def num_examples(self, split):
        """How many examples the split holds."""
        return self.source.num_examples(split)

    def example(self, split, index, epoch=0, num_prompts=1):
        """The example with other labels."""
        example = self.source.example(split, index, epoch, num_prompts)
        return dataclasses.replace(example, segmentation_masks=self._ids[example.segmentation_masks])


def _listed(names):
    return ", ".join(map(repr, list(names)[:6])) + (", ..." if len(names) > 6 else "")
