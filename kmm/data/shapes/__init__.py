"""`shapes`: scenes that the package draws itself, with phrases that need reading."""

from kmm.data.shapes.scene_object import HELD_OUT
from kmm.data.shapes.shapes_source import ShapesSource

__all__ = ["HELD_OUT", "ShapesSource"]
