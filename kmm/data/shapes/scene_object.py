"""What a `shapes` scene is made of."""

import dataclasses

SHAPES = ("circle", "square", "triangle", "star", "cross")
COLOURS = ("red", "green", "blue", "yellow", "purple", "cyan")
TEXTURES = ("plain", "striped", "dotted")
SIZES = ("small", "large")

HELD_OUT = frozenset(
    {("red", "triangle"), ("green", "circle"), ("blue", "star"), ("yellow", "cross"), ("purple", "square")}
)
"""Pairs of colour and shape that no training scene shows and no training phrase names; test scenes do both."""


@dataclasses.dataclass(frozen=True)
class SceneObject:
    """One object. Lengths are fractions of the picture's shorter side, `y` grows downwards.

    Args:
        shape, colour, texture, size: words from `SHAPES`, `COLOURS`, `TEXTURES`, `SIZES`.
        x, y: the centre.
        radius: half the extent.
        angle: rotation in radians.
    """

    shape: str
    colour: str
    texture: str
    size: str
    x: float
    y: float
    radius: float
    angle: float

    @property
    def is_held_out(self):
        """Whether no training scene shows this pair of colour and shape."""
        return (self.colour, self.shape) in HELD_OUT
