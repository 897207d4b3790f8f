import numpy as np
import pytest
import tensorflow as tf

from kmm.data import Example, ShapesSource, build_dataset
from kmm.data.mixture import Mixture
from kmm.data.one_prompt_each import OnePromptEach
from kmm.data.record_source import RecordSource
from kmm.data.source_wrapper import SourceWrapper
from kmm.data.weighted import Weighted
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["picture", "phrase", *map(str, range(30))], sequence_length=4)
COUNTS = {"train": (2, 1, 0, 3), "val": (0, 1, 4), "test": (1, 1)}


class Drawn:
    """Pictures with `COUNTS` phrases; the mask of phrase n is one in row n."""

    name, task, class_names, splits = "a", "referring", (), tuple(COUNTS)

    def num_examples(self, split):
        return len(COUNTS[split])

    def all_prompts(self, split, index):
        return [(f"picture {index} phrase {number}", f"kind {number}") for number in range(COUNTS[split][index])]

    def phrase(self, split, index, number):
        masks = np.zeros((1, 4, 6), np.uint8)
        masks[0, number] = 1
        text, kind = self.all_prompts(split, index)[number]
        return Example(np.full((4, 6, 3), index, np.uint8), (text,), masks, (kind,))

    def example(self, split, index, epoch=0, num_prompts=1):
        raise NotImplementedError("Not needed.")

    def prompts(self, split, limit=2000):
        return [text for index in range(len(COUNTS[split])) for text, _ in self.all_prompts(split, index)][:limit]

    def where(self, split, index):
        return f"{split}:{index}"


class Records(Drawn):
    """The same pictures, read in the graph."""

    def reader(self, split, num_prompts, crop=None, image_size=None):
        raise NotImplementedError("Not needed.")

    def phrase_reader(self, split, crop=None, image_size=None):
        def read(index, number, crop_key=None):
            text = tf.strings.format("picture {} phrase {}", (index, number))
            rows = tf.cast(tf.range(4, dtype=tf.int64) == number, tf.uint8)
            return {
                "images": tf.fill((4, 6, 3), tf.cast(index, tf.uint8)),
                "prompts": text[None],
                "segmentation_masks": tf.tile(rows[None, :, None], (1, 1, 6)),
                "kinds": tf.strings.format("kind {}", number)[None],
                "bounding_boxes": tf.zeros((1, 4)) if crop is None else tf.ones((1, 4)) * crop + crop_key,
            }

        return read


def pairs(split):
    return [(index, number) for index, count in enumerate(COUNTS[split]) for number in range(count)]


@pytest.mark.parametrize("split", COUNTS)
def test_every_phrase_of_every_picture_is_one_example(split):
    source, inner = OnePromptEach(Drawn()), Drawn()
    assert source.num_examples(split) == len(pairs(split))
    for place, (index, number) in enumerate(pairs(split)):
        example, expected = source.example(split, place, epoch=place), inner.phrase(split, index, number)
        assert (example.prompts, example.kinds) == (expected.prompts, expected.kinds)
        np.testing.assert_array_equal(example.image, expected.image)
        np.testing.assert_array_equal(example.segmentation_masks, expected.segmentation_masks)
        assert source.where(split, place) == f"{split}:{index}"
        assert source.all_prompts(split, place) == [(f"picture {index} phrase {number}", f"kind {number}")]


def test_several_prompts_are_the_one_repeated():
    example = OnePromptEach(Drawn()).example("val", 2, num_prompts=3)
    assert example.prompts == ("picture 2 phrase 1",) * 3 and example.kinds == ("kind 1",) * 3
    rows = np.repeat([[0], [1], [0], [0]], 6, axis=1)
    np.testing.assert_array_equal(example.segmentation_masks, [rows] * 3)


@pytest.mark.parametrize("num_prompts", [1, 2])
@pytest.mark.parametrize("split", COUNTS)
def test_the_graph_reads_the_same_examples_as_python(split, num_prompts):
    source = OnePromptEach(Records())
    read = tf.function(source.reader(split, num_prompts))
    for index in range(source.num_examples(split)):
        parts = read(tf.constant(1, tf.int64), tf.constant(index, tf.int64))
        example = source.example(split, index, 1, num_prompts)
        np.testing.assert_array_equal(parts["images"], example.image)
        np.testing.assert_array_equal(parts["segmentation_masks"], example.segmentation_masks)
        assert tuple(text.decode() for text in parts["prompts"].numpy()) == example.prompts
        assert tuple(text.decode() for text in parts["kinds"].numpy()) == example.kinds
        assert parts["bounding_boxes"].shape == (num_prompts, 4)


def test_the_crop_reaches_the_reader():
    read = OnePromptEach(Records()).reader("val", 1, 2.0, (8, 8))
    boxes = read(tf.constant(0, tf.int64), tf.constant(0, tf.int64), 5.0)["bounding_boxes"]
    np.testing.assert_array_equal(boxes, np.full((1, 4), 7.0))


def test_there_is_a_reader_only_where_the_source_has_one_for_phrases():
    assert hasattr(OnePromptEach(Records()), "reader")
    assert not hasattr(OnePromptEach(Drawn()), "reader")
    with pytest.raises(AttributeError, match="has `reader` only if all its sources have `phrase_reader`"):
        _ = OnePromptEach(Drawn()).reader


def test_evaluation_asks_every_phrase_once_in_order():
    for kind in (Records, Drawn):
        dataset = build_dataset(OnePromptEach(kind()), "val", 2, (4, 6), TOKENIZER)
        batches = list(dataset.as_numpy_iterator())
        words = [TOKENIZER.decode(row) for inputs, _ in batches for row in inputs["token_ids"]]
        assert words == [f"picture {index} phrase {number}" for index, number in pairs("val")]
        assert [int(np.argmax(mask[:, 0])) for _, masks in batches for mask in masks] == [n for _, n in pairs("val")]


def test_training_asks_every_phrase_once_in_an_epoch_whatever_the_threads():
    runs = []
    for kind, threads in ((Records, 0), (Drawn, 0), (Drawn, 1)):
        dataset = build_dataset(OnePromptEach(kind()), "train", 3, (4, 6), TOKENIZER, training=True)
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        batches = list(dataset.with_options(options).take(4).as_numpy_iterator())
        runs.append([TOKENIZER.decode(row) for inputs, _ in batches for row in inputs["token_ids"]])
    assert runs[0] == runs[1] == runs[2]
    for epoch in (runs[0][:6], runs[0][6:]):
        assert sorted(epoch) == sorted(f"picture {index} phrase {number}" for index, number in pairs("train"))


@pytest.mark.parametrize("kind", [Records, Drawn])
def test_inside_other_wrappers(kind):
    weighted = Weighted(OnePromptEach(kind()), by=[0, 0, 0, 0, 1, 0])
    source = Mixture([weighted, OnePromptEach(kind())])
    texts = [source.example("train", index).prompts[0] for index in range(12)]
    expected = ["picture 3 phrase 1"] * 6 + [f"picture {index} phrase {number}" for index, number in pairs("train")]
    assert sorted(texts) == sorted(expected)
    assert hasattr(source, "reader") == (kind is Records)
    by_area = Weighted(OnePromptEach(kind()), "area")  # one row each, so all alike
    assert len({by_area.find("train", index)[1] for index in range(6)}) > 1


def test_prompts_and_name_are_those_of_the_source():
    source = OnePromptEach(Drawn())
    assert source.name == "a" and source.prompts("train", 2) == Drawn().prompts("train", 2) and source.stable


def test_records_are_asked_for_each_of_their_phrases(records):
    inner = RecordSource(records)
    source = OnePromptEach(inner)
    assert [source.num_examples(split) for split in source.splits] == [21, 9]
    read = tf.function(Mixture([source]).reader("val", 1))
    for index in range(9):
        text, kind = inner.all_prompts("val", index // 3)[index % 3]
        example = source.example("val", index)
        parts = read(tf.constant(0, tf.int64), tf.constant(index, tf.int64))
        assert (example.prompts, example.kinds) == ((text,), (kind,)) and parts["prompts"][0] == text.encode()
        np.testing.assert_array_equal(example.image, parts["images"])
        np.testing.assert_array_equal(example.segmentation_masks, parts["segmentation_masks"])
        assert (example.segmentation_masks == 1).any() == (kind != "absent")


class Lists(Drawn):
    phrase = property()


@pytest.mark.parametrize(
    "source, words",
    [
        (ShapesSource((32, 32)), "ShapesSource without all_prompts and phrase"),
        (Lists(), "Lists without phrase"),
        (SourceWrapper(Drawn()), "SourceWrapper without phrase. If it wraps other sources, wrap those"),
        (OnePromptEach(Drawn()), "OnePromptEach without phrase"),
    ],
)
def test_refuses_sources_that_cannot_give_a_certain_phrase(source, words):
    with pytest.raises(TypeError, match=f"a certain phrase of a picture, such as RecordSource. Received: {words}"):
        OnePromptEach(source)


@pytest.mark.parametrize("index", [-1, 6])
@pytest.mark.parametrize("method", ["example", "all_prompts"])
def test_refuses_an_index_outside(method, index):
    with pytest.raises(ValueError, match=f"'train' of a has examples 0 to 5. Received: index={index}"):
        getattr(OnePromptEach(Drawn()), method)("train", index)


def test_refuses_an_unknown_split():
    with pytest.raises(ValueError, match="A split of a is one of .*Received: split='best'"):
        OnePromptEach(Drawn()).num_examples("best")
