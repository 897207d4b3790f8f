import numpy as np
import pytest

from kmm.data import ClassMaskSource, RecordSource, from_records
from kmm.data.record import Record
from tests.data.conftest import encoded, write_records


@pytest.fixture
def class_masks(tmp_path):
    ids = np.zeros((12, 16), np.uint8)
    ids[6:, :5], ids[:2] = 1, 255
    picture, mask = encoded(np.zeros((12, 16, 3), np.uint8), "PNG"), encoded(ids, "PNG")
    record = Record("1", picture, mask_bytes=(mask,), boxes=((0.0, 0.0, 1.0, 1.0),))
    class_list = {"classes": ["sky", {"name": "car"}]}
    return ids, write_records(tmp_path / "classes", {"train": [record] * 3, "val": [record]}, "semantic", class_list)


def test_phrases_give_a_record_source(records):
    source = from_records(records, seed=5)
    assert isinstance(source, RecordSource) and source.seed == 5
    with pytest.raises(ValueError, match="task 'referring' and takes no options.*'semantic'"):
        from_records(records, task="semantic")
    with pytest.raises(ValueError, match="takes no options.*negatives"):
        from_records(records, negatives=0.5)


def test_class_masks_give_words(class_masks):
    ids, folder = class_masks
    source = from_records(folder)
    assert isinstance(source, ClassMaskSource)
    assert (source.task, source.name, source.class_names) == ("semantic", "tiny", ("sky", "car"))
    example = source.example("train", 2)
    np.testing.assert_array_equal(example.segmentation_masks[0], ids)
    assert "sky" in example.prompts[0]
    assert "tiny-train-00001.tfrecord, record 0" in source.where("train", 2)
    referring = from_records(folder, task="referring", negatives=0.0).example("val", 0, num_prompts=4)
    for prompt, mask in zip(referring.prompts, referring.segmentation_masks, strict=True):
        assert (mask[ids == 255] == 255).all()
        np.testing.assert_array_equal(mask == 1, ids == (1 if "car" in prompt else 0))
