import json
import sys

import numpy as np
import pytest

from data_pipelines.tfds_builder import tfds_builder
from kmm.data.record import NO_TARGET
from kmm.preprocessing import decode_image

pytestmark = pytest.mark.filterwarnings("ignore:label:DeprecationWarning")
"""TensorFlow Datasets uses a name that protobuf deprecates."""


@pytest.fixture(scope="module")
def tfds():
    import tensorflow_datasets

    return tensorflow_datasets


def prepare(tfds, builder_class, tmp_path, manual_dir):
    builder = builder_class(data_dir=tmp_path / "data")
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual_dir))
    return builder


def test_prepared_and_read_back(tfds, tiny_set, tiny_folder, tmp_path):
    builder_class = tfds_builder(type(tiny_set))
    prepare(tfds, builder_class, tmp_path, tiny_folder)
    builder = builder_class(data_dir=tmp_path / "data")
    assert builder.info.full_name == "kmm_tiny_set/1.0.0"
    assert {split: info.num_examples for split, info in builder.info.splits.items()} == {"train": 7, "val": 3}
    for split in ("train", "val"):
        found = {example["key"].numpy().decode(): example for example in builder.as_dataset(split=split)}
        expected = {record.key: record for record in map(tiny_set.record, tiny_set.items(tiny_folder, split))}
        assert sorted(found) == sorted(expected)
        for key, record in expected.items():
            example = {name: value.numpy() for name, value in found[key].items()}
            np.testing.assert_array_equal(example["image"], decode_image(record.image_bytes).numpy())
            assert tuple(text.decode() for text in example["prompts"]) == record.prompts
            assert tuple(kind.decode() for kind in example["kinds"]) == record.kinds
            assert tuple(example["targets"]) == record.targets
            assert example["masks"].shape == (len(record.mask_bytes), 6, 8, 1) or not record.mask_bytes
            for index in range(len(record.mask_bytes)):
                np.testing.assert_array_equal(example["masks"][index, ..., 0], record.mask(index))
            np.testing.assert_array_equal(example["boxes"].reshape(-1, 4), np.float32(record.boxes).reshape(-1, 4))
            assert example["group"].decode() == record.group
            assert (example["position"], example["label"], example["audio_bytes"]) == (0, -1, b"")
    targets = [target for example in builder.as_dataset(split="train") for target in example["targets"].numpy()]
    assert {NO_TARGET, 0} == set(targets)


def test_what_is_said_of_the_set(tfds, tiny_set, tmp_path):
    builder = tfds_builder(type(tiny_set))(data_dir=tmp_path)
    info = builder.info
    assert (info.description, info.homepage, info.citation) == (
        tiny_set.description,
        tiny_set.homepage,
        tiny_set.citation,
    )
    assert info.redistribution_info.license == "CC0"
    assert dict(info.metadata) == {"task": "referring", "class_list": "null"}
    assert builder.MANUAL_DOWNLOAD_INSTRUCTIONS == tiny_set.manual_files
    assert type(builder).__name__ == "TinySet"


def test_semantic_sets_keep_their_class_list(tfds, tiny_set, tiny_folder, tmp_path):
    class Semantic(type(tiny_set)):
        name, task, class_list = "kmm_semantic", "semantic", {"classes": ["sky", "road"]}

    builder = prepare(tfds, tfds_builder(Semantic), tmp_path, tiny_folder)
    assert json.loads(builder.info.metadata["class_list"]) == Semantic.class_list


def test_options_are_configurations(tfds, tiny_set, tiny_folder, tmp_path):
    builder = prepare(tfds, tfds_builder(type(tiny_set), seconds=0), tmp_path, tiny_folder)
    assert builder.info.full_name == "kmm_tiny_set/seconds_0/1.0.0"
    assert builder.data_path.name == "1.0.0" and builder.data_path.parent.name == "seconds_0"


def test_missing_files_are_named(tfds, tiny_set, tiny_folder, tmp_path):
    (tiny_folder / "pictures" / "b.png").unlink()
    with pytest.raises(FileNotFoundError, match="There must be a picture. Received: .*b.png"):
        prepare(tfds, tfds_builder(type(tiny_set)), tmp_path, tiny_folder)
    with pytest.raises(AssertionError, match="train.txt, val.txt and pictures/"):
        prepare(tfds, tfds_builder(type(tiny_set)), tmp_path, tmp_path / "nowhere")


def test_it_is_made_twice_and_not_registered(tfds, tiny_set):
    assert tfds_builder(type(tiny_set)) is not tfds_builder(type(tiny_set))
    assert "kmm_tiny_set" not in tfds.list_builders()


def test_it_is_optional(tiny_set, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[tfds\]"'):
        tfds_builder(type(tiny_set))
