import numpy as np
import pytest

from kmm.data import Example
from kmm.evaluation.shared_classes import SharedClasses


class City:
    name, task, class_names, splits = "city", "semantic", ("Road", "tram", "sky"), ("test",)

    def num_examples(self, split):
        return 7

    def example(self, split, index, epoch=0, num_prompts=1):
        mask = np.array([[0, 1, 2, 255, 3, 200]], "uint8")
        return Example(np.zeros((1, 6, 3), "uint8"), (f"{split} {index} {epoch}",), mask[None], ("description",))


def test_labels_by_name():
    shared = SharedClasses(City(), ("sky", "car", "road"))
    assert shared.shared_names == ("sky", "road") and shared.class_names == ("sky", "car", "road")
    assert (shared.name, shared.task, shared.splits, shared.num_examples("test")) == ("city", "semantic", ("test",), 7)
    example = shared.example("test", 3, epoch=2)
    assert example.prompts == ("test 3 2",)
    assert example.segmentation_masks.tolist() == [[[2, 255, 0, 255, 254, 254]]], "254 will be refused as no class"


def test_nothing_shared():
    with pytest.raises(
        ValueError, match="must share a class.* 'Road', 'tram', 'sky' of 'city', and 'car' of the model"
    ):
        SharedClasses(City(), ("car",))
