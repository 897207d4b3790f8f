"""The embedded data source: scenes and phrases that the package draws itself."""

import random

import numpy as np

from kmm.data.example import Example
from kmm.data.shapes.drawing import draw_scene
from kmm.data.shapes.phrase_maker import KIND_SHARES, PhraseMaker
from kmm.data.shapes.sample_scene import sample_scene


class ShapesSource:
    """Scenes of several objects on textured backgrounds with phrases that need reading.

    Nothing is stored or downloaded: example `index` is drawn from `(seed, split, index)` whenever it is asked for,
    about two thousand a second. Every epoch of the training split shows new scenes. Pairs of colour and shape in
    `kmm.data.shapes.HELD_OUT` occur in the "test" split only.

    Args:
        image_size: `(height, width)` in pixels, at least 32 each.
        num_train, num_val, num_test: scenes in each split (the training split: in each epoch).
        seed: another seed gives another world.

    Raises:
        ValueError: if a size or a count is too small, or the split or index does not exist.

    Example:

    >>> source = ShapesSource(image_size=(64, 64))
    >>> example = source.example("test", index=0, num_prompts=2)
    >>> example.image.shape, example.segmentation_masks.shape
    ((64, 64, 3), (2, 64, 64))
    """

    name = "shapes"
    task = "referring"
    class_names = ()
    splits = ("train", "val", "test")

    def __init__(self, image_size=(96, 96), num_train=2000, num_val=128, num_test=1000, seed=0):
        if min(image_size) < 32:
            raise ValueError(f"Scenes need at least 32 x 32 pixels. Received: image_size={tuple(image_size)}.")
        if min(num_train, num_val, num_test) < 1:
            raise ValueError(
                "Every split needs at least one scene. "
                f"Received: num_train={num_train}, num_val={num_val}, num_test={num_test}."
            )
        self.image_size = tuple(image_size)
        self.seed = seed
        self._counts = {"train": num_train, "val": num_val, "test": num_test}

    def num_examples(self, split):
        """The number of scenes in the split."""
        if split not in self._counts:
            raise ValueError(f"A split of shapes is one of {self.splits}. Received: split={split!r}.")
        return self._counts[split]

    def example(self, split, index, epoch=0, num_prompts=1):
        """Draw scene `index`; in the training split every epoch shows new ones."""
        count = self.num_examples(split)
        if not 0 <= index < count:
            raise ValueError(f"Split {split!r} has scenes 0 to {count - 1}. Received: index={index}.")
        if split == "train":
            index += epoch * count
        held_out = split == "test"
        rng = random.Random(f"{self.seed}/{split}/{index}")
        height, width = self.image_size
        side = min(height, width)
        objects = sample_scene(rng, width / side, height / side, held_out)
        pixel_rng = np.random.Generator(np.random.SFC64(rng.getrandbits(63)))
        image, owner = draw_scene(objects, self.image_size, pixel_rng)
        phrases = _draw_phrases(PhraseMaker(objects, rng, held_out), rng, num_prompts)
        masks = np.zeros((num_prompts, height, width), np.uint8)
        for mask, (_, indices, _) in zip(masks.view(bool), phrases, strict=True):
            for i in indices:
                mask |= owner == i + 1
        texts, _, kinds = zip(*phrases, strict=True)
        return Example(image, texts, masks, kinds)

    def prompts(self, split, limit=2000):
        """Phrases of the split's first scenes, to learn a vocabulary from."""
        scenes = range(min(-(-limit // 4), self.num_examples(split)))
        return [text for index in scenes for text in self.example(split, index, num_prompts=4).prompts][:limit]


def _draw_phrases(maker, rng, num_prompts):
    """Different phrases as `(text, object indices, kind)`, their kinds drawn by `KIND_SHARES`."""
    phrases, shares = {}, dict(KIND_SHARES)
    while len(phrases) < num_prompts and shares:
        kind = rng.choices(tuple(shares), tuple(shares.values()))[0]
        phrase = maker.draw(kind)
        if phrase is None or phrase[0] in phrases:
            shares[kind] -= 0.05  # the scene has few phrases of this kind: turn to the others
            shares = {kind: share for kind, share in shares.items() if share > 0.01}
        if phrase is not None:
            phrases[phrase[0]] = (*phrase, kind)
    drawn = list(phrases.values())
    return [drawn[i % len(drawn)] for i in range(num_prompts)]
