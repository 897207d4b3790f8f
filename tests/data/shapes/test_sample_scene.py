import math
import random

import pytest

from kmm.data.shapes.sample_scene import sample_scene

SCENES = range(200)


@pytest.mark.parametrize("width, height", [(1.0, 1.0), (1.5, 1.0), (1.0, 2.0)])
def test_objects_lie_inside_and_leave_each_other_visible(width, height):
    for seed in SCENES:
        objects = sample_scene(random.Random(seed), width, height, held_out=True)
        assert 3 <= len(objects) <= 7
        for i, item in enumerate(objects):
            assert item.radius <= item.x <= width - item.radius and item.radius <= item.y <= height - item.radius
            assert (item.radius < 0.12) == (item.size == "small") and item.radius < 0.2
            for other in objects[:i]:
                assert math.hypot(item.x - other.x, item.y - other.y) > 0.85 * (item.radius + other.radius)


def test_held_out_pairs_only_where_they_are_allowed():
    scenes = {held_out: [sample_scene(random.Random(seed), 1, 1, held_out) for seed in SCENES] for held_out in (0, 1)}
    assert not any(item.is_held_out for scene in scenes[0] for item in scene)
    share = sum(any(item.is_held_out for item in scene) for scene in scenes[1]) / len(SCENES)
    assert share > 0.25


def test_nouns_are_shared():
    """A scene where every shape occurs once would need no second word."""
    scenes = [[item.shape for item in sample_scene(random.Random(seed), 1, 1, False)] for seed in SCENES]
    assert sum(len(set(shapes)) < len(shapes) for shapes in scenes) / len(SCENES) > 0.95


def test_deterministic():
    assert sample_scene(random.Random(3), 1, 1, True) == sample_scene(random.Random(3), 1, 1, True)
