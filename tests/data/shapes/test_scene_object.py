from kmm.data.shapes.scene_object import COLOURS, HELD_OUT, SHAPES


def test_held_out_pairs_leave_every_word_to_training():
    """Each pair is new, but its colour is seen on other shapes and its shape in other colours."""
    colours, shapes = zip(*HELD_OUT, strict=True)
    assert set(colours) < set(COLOURS) and set(shapes) == set(SHAPES)
    assert len(set(colours)) == len(set(shapes)) == len(HELD_OUT) == 5


def test_is_held_out(make_object):
    assert make_object(colour="green", shape="circle").is_held_out
    assert not make_object(colour="green", shape="square").is_held_out
