import numpy as np
import pytest

from kmm.data import CachedRecordSource, RandomCrop, RandomFlip, RecordSource, build_dataset


@pytest.mark.parametrize("on_disk", [False, True])
def test_examples_equal_those_of_the_plain_source(records, tmp_path, on_disk):
    plain = RecordSource(records, seed=3)
    cached = CachedRecordSource(records, seed=3, cache_directory=tmp_path / "cache" if on_disk else None)
    for split, index in (("train", 0), ("train", 5), ("val", 2)):
        one, other = (source.example(split, index, epoch=1, num_prompts=2) for source in (plain, cached))
        assert one.prompts == other.prompts and one.kinds == other.kinds
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.segmentation_masks, other.segmentation_masks)


def test_the_file_serves_later_runs(records, tmp_path):
    cache = tmp_path / "cache"
    first = CachedRecordSource(records, cache_directory=cache).example("train", 3)
    (file,) = cache.iterdir()
    assert file.suffix == ".pixels"
    written = file.stat().st_mtime_ns
    again = CachedRecordSource(records, cache_directory=cache).example("train", 3)
    assert file.stat().st_mtime_ns == written
    np.testing.assert_array_equal(first.image, again.image)


def test_an_unfinished_file_is_written_anew(records, tmp_path):
    cache = tmp_path / "cache"
    CachedRecordSource(records, cache_directory=cache).example("train", 3)
    (file,) = cache.iterdir()
    file.rename(file.with_suffix(".unfinished"))
    expected = RecordSource(records).example("train", 3).image
    source = CachedRecordSource(records, cache_directory=cache)
    np.testing.assert_array_equal(source.example("train", 3).image, expected)
    assert [path.suffix for path in cache.iterdir()] == [".pixels"]


@pytest.mark.slow
def test_crops_in_a_pipeline(records):
    arguments = {"split": "train", "batch_size": 2, "image_size": (8, 8), "training": True, "num_prompts": 2}
    arguments |= {"crop": RandomCrop(), "augmentations": (RandomFlip(),)}
    one = build_dataset(CachedRecordSource(records), **arguments).take(4)
    other = build_dataset(RecordSource(records), **arguments).take(4)
    for (inputs, masks), (plain_inputs, plain_masks) in zip(one, other, strict=True):
        np.testing.assert_array_equal(masks, plain_masks)
        difference = np.abs(inputs["images"].numpy().astype(int) - plain_inputs["images"].numpy())
        assert difference.mean() < 8  # decoded at once, or only the window


def test_too_large_for_the_limit(records):
    with pytest.raises(ValueError, match="max_bytes=1000.*RecordSource"):
        CachedRecordSource(records, max_bytes=1000).example("train", 0)
