import numpy as np

from kmm.evaluation.source_view import SourceView


def test_examples_come_in_the_order_asked_for(shapes):
    view = SourceView(shapes, np.array([4, 0]), epoch=3)
    assert (view.name, view.task, view.class_names, view.splits) == ("shapes", "referring", (), shapes.splits)
    assert view.num_examples("val") == 2
    for place, index in enumerate((4, 0)):
        example, expected = view.example("train", place, num_prompts=2), shapes.example("train", index, 3, 2)
        assert example.prompts == expected.prompts
        np.testing.assert_array_equal(example.image, expected.image)


def test_the_epoch_is_the_views_own(shapes):
    view = SourceView(shapes, range(5), epoch=3)
    assert view.example("train", 1, epoch=8).prompts == shapes.example("train", 1, 3).prompts
