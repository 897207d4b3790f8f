import sys

import numpy as np
import pytest

from kmm.data import build_dataset
from kmm.data.class_mask_source import ClassMaskSource
from kmm.data.file_source import FileSource
from kmm.data.from_tfds import from_tfds
from kmm.preprocessing import PromptTokenizer

tfds = pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.filterwarnings("ignore:label.. is deprecated:DeprecationWarning")


def builder_of(name, features, make, folder, file_format="tfrecord", prepare=True, metadata=None):
    """A data set of three training examples and two for validation, `make(number)` each."""

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")
        code_path = None

        def _info(self):
            kwargs = {"metadata": tfds.core.MetadataDict(metadata)} if metadata else {}
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features), **kwargs)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(3), "validation": self._generate_examples(2)}

        def _generate_examples(self, count):
            yield from ((number, make(number)) for number in range(count))

    Builder.name = name
    builder = Builder(data_dir=folder, file_format=file_format)
    if prepare:
        builder.download_and_prepare()
    return builder


def mask_of(number):
    mask = np.zeros((6, 8, 1), np.uint8)
    mask[number : number + 2] = 1
    return mask


def image_of(number):
    return np.full((6, 8, 3), number * 40, np.uint8)


IMAGE, TEXT = tfds.features.Image(shape=(None, None, 3)), tfds.features.Text()
MASK = tfds.features.Image(shape=(None, None, 1))
TEXTS, MASKS = tfds.features.Sequence(TEXT), tfds.features.Sequence(MASK)


@pytest.fixture(scope="module", params=["tfrecord", "array_record"])
def phrases(request, tmp_path_factory):
    """Two prompts for each picture with a mask for each."""
    if request.param == "array_record":
        pytest.importorskip("array_record")
    features = {"image": IMAGE, "prompts": TEXTS, "masks": MASKS, "seg": MASK}

    def make(number):
        masks = [mask_of(number), 1 - mask_of(number)]
        return {"image": image_of(number), "prompts": [f"rows {number}", "the rest"], "masks": masks, "seg": masks[0]}

    return builder_of("my_phrases", features, make, tmp_path_factory.mktemp(request.param), request.param)


def shades(source, split):
    return [int(source.example(split, index).image[0, 0, 0]) for index in range(source.num_examples(split))]


def test_phrases(phrases):
    source = from_tfds(phrases, seed=3)
    assert isinstance(source, FileSource)
    assert (source.name, source.splits, source.seed) == ("my_phrases", ("train", "val"), 3)
    assert sorted(shades(source, "train")) == [0, 40, 80] and sorted(shades(source, "val")) == [0, 40]
    source.check()
    for index in range(3):
        example = source.example("train", index, num_prompts=2)
        rows = mask_of(example.image[0, 0, 0] // 40)[..., 0]
        for text, mask in zip(example.prompts, example.segmentation_masks, strict=True):
            np.testing.assert_array_equal(mask, rows if text.startswith("rows") else 1 - rows)
    assert source.where("val", 1) == "my_phrases/validation[1]"
    assert set(source.prompts("train")) == {"the rest", "rows 0", "rows 1", "rows 2"}


def test_training(phrases):
    source = from_tfds(phrases)
    tokenizer = PromptTokenizer.adapt(source.prompts("train"), sequence_length=6)
    inputs, masks = next(iter(build_dataset(source, "train", 2, (12, 16), tokenizer, num_prompts=4, training=True)))
    assert tuple(inputs["images"].shape) == (2, 12, 16, 3) and tuple(masks.shape) == (2, 4, 12, 16)


def test_splits(phrases):
    source = from_tfds(phrases, split_map={"train": "train[:2]", "val": "train[2:]", "test": "validation"})
    assert [source.num_examples(split) for split in source.splits] == [2, 1, 2]
    assert sorted(shades(source, "train") + shades(source, "val")) == [0, 40, 80]
    with pytest.raises(ValueError, match=r"must be one of 'my_phrases', \['train', 'validation'\]. Received: 'test'"):
        from_tfds(phrases, split_map={"train": "test"})


@pytest.mark.parametrize("task", ["referring", "semantic"])
def test_class_ids(phrases, task):
    classes = ["wall", {"name": "shelf"}]
    source = from_tfds(phrases, features={"masks": "seg"}, classes=classes, task=task)
    assert isinstance(source, ClassMaskSource) and (source.task, source.name) == (task, "my_phrases")
    assert source.class_names == (("wall", "shelf") if task == "semantic" else ())
    source.check()
    example = source.example("val", 0, num_prompts=2)
    rows = mask_of(example.image[0, 0, 0] // 40)[..., 0]
    for text, kind, mask in zip(example.prompts, example.kinds, example.segmentation_masks, strict=True):
        assert "wall" in text or "shel" in text
        if kind in ("class", "description"):
            np.testing.assert_array_equal(mask, 1 - rows if "wall" in text and task == "referring" else rows)
    assert source.where("val", 1) == "my_phrases/validation[1]"


def test_names_of_the_data_set(tmp_path):
    features = {
        "image": IMAGE,
        "segmentation_mask": tfds.features.LabeledImage(labels=["wall", "shelf"], shape=(None, None, 1)),
    }
    make = lambda number: {"image": image_of(number), "segmentation_mask": mask_of(number)}  # noqa: E731
    source = from_tfds(builder_of("labeled", features, make, tmp_path / "a"), task="semantic")
    assert source.class_names == ("wall", "shelf")
    features = {"image": IMAGE, "mask": MASK, "label": tfds.features.ClassLabel(num_classes=2)}
    make = lambda number: {"image": image_of(number), "mask": mask_of(number), "label": 1}  # noqa: E731
    builder = builder_of("unnamed", features, make, tmp_path / "b")
    with pytest.raises(
        ValueError, match="need the names of their classes. Received: none for 'unnamed'. Pass `classes`"
    ):
        from_tfds(builder)
    metadata = {"task": "semantic", "class_list": '["wall", "shelf"]'}
    features = {"image": IMAGE, "prompts": TEXTS, "masks": MASKS}
    make = lambda number: {"image": image_of(number), "prompts": [], "masks": [mask_of(number)]}  # noqa: E731
    builder = builder_of("kmm_like", features, make, tmp_path / "c", metadata=metadata)
    source = from_tfds(builder, task="semantic")
    assert source.class_names == ("wall", "shelf")
    source.check()


def test_targets(tmp_path):
    """The masks of such sets are canonical: 255 is not a target even where there is nothing else but 0."""
    targets = tfds.features.Sequence(tfds.features.Scalar(np.int64))
    features = {"image": IMAGE, "prompts": TEXTS, "masks": MASKS, "targets": targets, "kinds": TEXTS}

    def make(number):
        masks = [mask_of(number), mask_of(number) * np.uint8(255)]
        prompts = [f"rows {number}", "unclear", "the horse", f"lines {number}"]
        return {
            "image": image_of(number),
            "prompts": prompts,
            "masks": masks,
            "targets": [0, 1, -1, 0],
            "kinds": ["k"] * 4,
        }

    source = from_tfds(builder_of("mine", features, make, tmp_path))
    values = [np.unique(source.phrase("train", 0, number).segmentation_masks).tolist() for number in range(4)]
    assert values == [[0, 1], [0, 255], [0], [0, 1]]
    assert {kind for _, kind in source.all_prompts("train", 0)} == {"k"}


def test_one_text_and_a_folder(tmp_path):
    features = {"picture": IMAGE, "caption": TEXT, "annotation": MASK}
    make = lambda number: {"picture": image_of(number), "caption": f"rows {number}", "annotation": mask_of(number)}  # noqa: E731
    builder = builder_of("mine", features, make, tmp_path)
    source = from_tfds(str(builder.data_path))
    assert source.num_examples("train") == 3 and source.all_prompts("train", 0)[0][0].startswith("rows")


def test_bad_examples_are_named(tmp_path):
    features = {"image": IMAGE, "prompts": TEXTS, "masks": MASKS}
    make = lambda number: {"image": image_of(number), "prompts": [], "masks": [mask_of(number)]}  # noqa: E731
    source = from_tfds(builder_of("mine", features, make, tmp_path / "a"))
    with pytest.raises(ValueError, match=r"mine/train\[0\]: A picture needs prompts. Received: none"):
        source.check()
    make = lambda number: {"image": image_of(number), "prompts": ["a"] * 3, "masks": [mask_of(number)] * 2}  # noqa: E731
    source = from_tfds(builder_of("mine", features, make, tmp_path / "b"))
    with pytest.raises(ValueError, match=r"mine/train\[0\]: There must be one mask, or one for each prompt"):
        source.check()


def test_errors(phrases, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"maps \['image', 'prompts', 'masks'\] to features.*Of 'my_phrases'.*'seg'"):
        from_tfds(phrases, features={"masks": "nothing"})
    with pytest.raises(ValueError, match="maps .* to features of the data set"):
        from_tfds(phrases, features={"boxes": "seg"})
    with pytest.raises(ValueError, match="one of TensorFlow Datasets. Received: 'no_such_set'"):
        from_tfds("no_such_set")
    builder = builder_of("unready", {"image": IMAGE, "mask": MASK}, None, tmp_path, prepare=False)
    with pytest.raises(ValueError, match="must be prepared. Received: 'unready', not in .*download_and_prepare"):
        from_tfds(builder)
    make = lambda number: {"image": image_of(number), "text": "a"}  # noqa: E731
    with pytest.raises(ValueError, match=r"must have a picture and masks. Received: features \['image', 'text'\]"):
        from_tfds(builder_of("captions", {"image": IMAGE, "text": TEXT}, make, tmp_path / "captions"))
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[tfds\]"'):
        from_tfds("mine")
