import colorsys
import math

import numpy as np
import pytest

from kmm.data.shapes import drawing
from kmm.data.shapes.drawing import draw_scene
from kmm.data.shapes.scene_object import COLOURS, SHAPES, TEXTURES

AREAS = {  # of radius 1
    "circle": math.pi,
    "square": 1.72**2,
    "triangle": 1.6**2 / math.sqrt(3) * 0.9986,
    "star": 10 * 0.5 * 1.15 * 0.52 * math.sin(math.pi / 5),
    "cross": 4 * 0.68 - 0.68**2,
}
HUES = {"red": 0, "yellow": 53, "green": 125, "cyan": 183, "blue": 229, "purple": 287}


def draw(*objects, size=(96, 96), seed=0):
    return draw_scene(list(objects), size, np.random.default_rng(seed))


@pytest.mark.parametrize("size", [(32, 32), (48, 33), (40, 96)])
def test_shapes_and_dtypes(make_object, size):
    image, owner = draw(make_object(), make_object(x=0.2, y=0.2, radius=0.1), size=size)
    assert image.shape == (*size, 3) and owner.shape == size
    assert image.dtype == owner.dtype == np.uint8 and set(np.unique(owner)) == {0, 1, 2}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("angle", [0.0, 0.25])
def test_area(make_object, shape, angle):
    _, owner = draw(make_object(shape=shape, radius=0.4, angle=angle), size=(128, 160))
    radius = 0.4 * 128
    assert (owner == 1).sum() == pytest.approx(AREAS[shape] * radius**2, rel=0.03)
    rows, columns = np.nonzero(owner)
    assert columns.mean() == pytest.approx(0.5 * 128, abs=2) and abs(rows.mean() - 0.5 * 128) < 0.1 * 128


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("texture", TEXTURES)
def test_colours_look_like_their_names(make_object, colour, texture):
    for seed in range(5):
        image, owner = draw(make_object(colour=colour, texture=texture), seed=seed)
        hue = 360 * colorsys.rgb_to_hsv(*(image[owner == 1].mean(0) / 255))[0]
        distances = {name: min(abs(hue - other), 360 - abs(hue - other)) for name, other in HUES.items()}
        assert min(distances, key=distances.get) == colour


def test_textures_differ(make_object):
    def contrast(texture):
        image, owner = draw(make_object(texture=texture, radius=0.3))
        return image[owner == 1].mean(1).std()

    assert contrast("plain") < 12 and min(contrast("striped"), contrast("dotted")) > 15


def test_a_later_object_covers_an_earlier_one(make_object):
    first, second = make_object(x=0.45), make_object(x=0.55, shape="square")
    owner = draw(first, second)[1]
    alone = draw(second)[1]
    np.testing.assert_array_equal(owner == 2, alone == 1)
    assert (owner == 1).any() and (owner == 1).sum() < (draw(first)[1] == 1).sum()


def test_background_is_not_plain(make_object):
    image, owner = draw(make_object(radius=0.1))
    greys = image.mean(-1)[owner == 0]
    assert greys.std() > 10


def test_objects_that_reach_beyond_the_picture_are_cut(make_object):
    for x, y in ((0.0, 0.5), (1.0, 1.0), (0.5, 0.0)):
        assert (draw(make_object(x=x, y=y))[1] == 1).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_only_the_part_that_is_drawn_on_is_computed(make_object, monkeypatch, shape):
    """An object leaves no trace beyond its reach, however it is turned and wherever in a pixel its centre lies."""
    places = np.random.default_rng(0).uniform(0.3, 0.7, (60, 2))
    radii, angles = np.linspace(0.01, 0.25, 60), np.linspace(0, 2 * math.pi, 60)
    scenes = [
        make_object(shape=shape, x=x, y=y, radius=radius, angle=angle)
        for (x, y), radius, angle in zip(places.tolist(), radii.tolist(), angles.tolist(), strict=True)
    ]
    drawn = [draw(item)[0] for item in scenes]
    monkeypatch.setattr(drawing, "_REACHES", dict.fromkeys(SHAPES, 2.0))
    np.testing.assert_array_equal(drawn, [draw(item)[0] for item in scenes])
