"""Draws the objects of a `shapes` scene at random."""

import random

from kmm.data.shapes.scene_object import COLOURS, HELD_OUT, SHAPES, SIZES, TEXTURES, SceneObject

_RADII = {"small": (0.080, 0.100), "large": (0.140, 0.175)}
_MIN_OBJECTS, _MAX_OBJECTS = 4, 7


def sample_scene(rng: random.Random, width: float, height: float, held_out: bool) -> list[SceneObject]:
    """Draw the objects of one scene, in drawing order (a later one covers an earlier one).

    Few shapes and colours are shared by many objects, so that most nouns name several and a phrase has to be read to
    its end.

    Args:
        rng: the source of all choices.
        width, height: the picture's extent in units of its shorter side (1.0 for the shorter one).
        held_out: whether the pairs of `HELD_OUT` may occur.
    """
    shapes = rng.sample(SHAPES, rng.choice((2, 3, 3)))
    colours = rng.sample(COLOURS, rng.choice((2, 3, 3, 4)))
    textures = rng.sample(TEXTURES, rng.choice((1, 2, 2, 3)))
    objects = []
    for _ in range(rng.randint(_MIN_OBJECTS, _MAX_OBJECTS)):
        shape, colour = rng.choice(shapes), rng.choice(colours)
        while not held_out and (colour, shape) in HELD_OUT:
            shape, colour = rng.choice(SHAPES), rng.choice(COLOURS)
        size = rng.choice(SIZES)
        radius = rng.uniform(*_RADII[size])
        place = _find_place(rng, radius, objects, width, height)
        if place is not None:
            angle = rng.uniform(-0.25, 0.25)
            objects.append(SceneObject(shape, colour, rng.choice(textures), size, *place, radius, angle))
    return objects


def _find_place(rng, radius, objects, width, height):
    """A centre where the object lies inside the picture and covers no other's middle, or `None` after 12 tries."""
    for _ in range(12):
        x, y = rng.uniform(radius, width - radius), rng.uniform(radius, height - radius)
        if all((x - other.x) ** 2 + (y - other.y) ** 2 > (0.85 * (radius + other.radius)) ** 2 for other in objects):
            return x, y
    return None
