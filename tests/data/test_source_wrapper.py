import copy
import functools

import numpy as np
import pytest
import tensorflow as tf

from kmm.data import Example, ShapesSource, build_dataset
from kmm.data.source_wrapper import (
    SourceWrapper,
    if_sources_have,
    map_examples,
    picture_rows,
    plain_sources,
    stream_key,
)
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["a", "b", "picture", "epoch", *map(str, range(20))], sequence_length=5)


class Drawn:
    """Pictures of one brightness each, their number; texts name source, picture and epoch."""

    task, class_names, splits = "referring", (), ("train", "val")

    def __init__(self, name="a", count=5, splits=("train", "val")):
        self.name, self.count, self.splits = name, count, splits

    def num_examples(self, split):
        return self.count

    def example(self, split, index, epoch=0, num_prompts=1):
        image = np.full((4, 6, 3), index, np.uint8)
        masks = np.stack([np.full((4, 6), (index + k) % 2, np.uint8) for k in range(num_prompts)])
        return Example(
            image, (f"{self.name} picture {index} epoch {epoch}",) * num_prompts, masks, ("x",) * num_prompts
        )

    def prompts(self, split, limit=2000):
        return [f"{self.name} {split} {number}" for number in range(self.count)][:limit]


class Records(Drawn):
    """The same pictures, read in the graph."""

    def reader(self, split, num_prompts, crop=None, image_size=None):
        def read(epoch, index, crop_key=None):
            numbers = (index + tf.range(num_prompts, dtype=tf.int64)) % 2
            text = tf.strings.format(self.name + " picture {} epoch {}", (index, epoch))
            return {
                "images": tf.fill((4, 6, 3), tf.cast(index, tf.uint8)),
                "prompts": tf.fill((num_prompts,), text),
                "segmentation_masks": tf.cast(tf.tile(numbers[:, None, None], (1, 4, 6)), tf.uint8),
                "kinds": tf.fill((num_prompts,), "x"),
            }

        return read

    def where(self, split, index):
        return f"{self.name}-{split}:{index}"

    def group(self, split, index):
        return f"{self.name} {index // 2}"

    def all_prompts(self, split, index):
        return [(f"{self.name} {split} {index}", "x")]


class Backwards(SourceWrapper):
    """Two sources in reversed order, turned on by one each epoch."""

    def address(self, split):
        locate, count = super().address(split), self.num_examples(split)
        return lambda epoch, index: locate(epoch, (count - 1 - index + epoch) % count)


def texts(source, split, epoch=0):
    return [source.example(split, index, epoch).prompts[0] for index in range(source.num_examples(split))]


def test_one_source_is_passed_on():
    inner = ShapesSource((32, 32), num_train=3)
    source = SourceWrapper(inner)
    assert (source.name, source.task, source.class_names, source.splits) == ("shapes", "referring", (), inner.splits)
    assert [source.num_examples(split) for split in source.splits] == [3, 128, 1000]
    np.testing.assert_array_equal(source.example("train", 2, 5).image, inner.example("train", 2, 5).image)
    assert source.example("val", 1, num_prompts=3).prompts == inner.example("val", 1, num_prompts=3).prompts
    assert source.prompts("train", 7) == inner.prompts("train", 7)


def test_several_sources_lie_one_after_the_other():
    source = SourceWrapper(Drawn("a", 3), Drawn("b", 2))
    assert source.name == "a+b" and source.num_examples("val") == 5
    places = [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1)]
    assert texts(source, "val", 7) == [f"{name} picture {index} epoch 7" for name, index in places]
    assert [(found.name, index) for found, index, _ in (source.find("val", i) for i in range(5))] == places


def test_splits_are_those_of_any_source():
    source = SourceWrapper(Drawn("a", 3, ("train", "val")), Drawn("b", 2, ("val", "test")))
    assert source.splits == ("train", "val", "test")
    assert [source.num_examples(split) for split in source.splits] == [3, 5, 2]
    assert texts(source, "test") == ["b picture 0 epoch 0", "b picture 1 epoch 0"]


def test_prompts_come_from_all_sources_in_turn():
    source = SourceWrapper(Drawn("a", 4), Drawn("b", 2))
    assert source.prompts("val") == ["a val 0", "b val 0", "a val 1", "b val 1", "a val 2", "a val 3"]
    assert source.prompts("val", 3) == ["a val 0", "b val 0", "a val 1"]


@pytest.mark.parametrize("name", ["reader", "where", "all_prompts", "group"])
def test_optional_methods_are_there_where_all_sources_have_them(name):
    assert hasattr(SourceWrapper(Records(), SourceWrapper(Records("b"))), name)
    for source in (SourceWrapper(Drawn()), SourceWrapper(Records(), SourceWrapper(Drawn("b")))):
        assert not hasattr(source, name)
        with pytest.raises(AttributeError, match=f"has `{name}` only if all its sources have `{name}`. Received: "):
            getattr(source, name)
    assert hasattr(copy.deepcopy(SourceWrapper(Records())), name)


def test_a_method_may_need_another_one_of_the_sources():
    class Loud(SourceWrapper):
        @if_sources_have("where")
        def shout(self, split, index):
            """Says it loudly."""
            return self.where(split, index).upper()

    assert Loud(Records()).shout("val", 1) == "A-VAL:1"
    assert not hasattr(Loud(Drawn()), "shout") and Loud.shout.__doc__ == "Says it loudly."
    with pytest.raises(AttributeError, match="Loud has `shout` only if.*have `where`. Received: Drawn without it"):
        _ = Loud(Drawn()).shout


def test_where_group_and_all_prompts_are_of_the_example_that_is_shown():
    source = SourceWrapper(Records("c", 1), Backwards(Records("a", 3), Records("b", 2)))
    for epoch in (0, 1, 4):
        for index in range(6):
            name, _, number, *_ = source.example("val", index, epoch).prompts[0].split()
            assert source.where("val", index, epoch) == f"{name}-val:{number}"
            assert source.group("val", index, epoch) == f"{name} {int(number) // 2}"
            assert source.all_prompts("val", index, epoch) == [(f"{name} val {number}", "x")]
    assert source.where("val", 1) == source.where("val", 1, 0) == "b-val:1"


def test_check_asks_each_source_that_can_once():
    class Checked(Drawn):
        checks = 0

        def check(self):
            self.checks += 1

    once = Checked()
    SourceWrapper(once, Drawn(), SourceWrapper(Checked()), once).check()
    assert once.checks == 1


@pytest.mark.parametrize("num_prompts", [1, 3])
@pytest.mark.parametrize("wrap", [SourceWrapper, Backwards])
def test_the_graph_reads_the_same_examples_as_python(wrap, num_prompts):
    in_graph, in_python = (wrap(wrap(kind("a", 3), kind("b", 2)), kind("c", 4)) for kind in (Records, Drawn))
    read = tf.function(in_graph.reader("train", num_prompts))
    for epoch in (0, 2):
        for index in range(9):
            parts = read(tf.constant(epoch, tf.int64), tf.constant(index, tf.int64))
            for source in (in_graph, in_python):
                example = source.example("train", index, epoch, num_prompts)
                np.testing.assert_array_equal(parts["images"], example.image)
                np.testing.assert_array_equal(parts["segmentation_masks"], example.segmentation_masks)
                assert tuple(text.decode() for text in parts["prompts"].numpy()) == example.prompts
                assert tuple(text.decode() for text in parts["kinds"].numpy()) == example.kinds


@pytest.mark.parametrize("training", [True, False])
def test_data_sets_are_the_same_whatever_way_they_read_and_however_many_threads(training):
    runs = []
    for kind, threads in ((Records, 0), (Drawn, 0), (Drawn, 1)):
        source = Backwards(Backwards(kind("a", 5), kind("b", 3)), kind("b", 4))
        dataset = build_dataset(source, "train", 3, (4, 6), TOKENIZER, num_prompts=2, training=training)
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        batches = dataset.with_options(options).take(8).as_numpy_iterator()
        runs.append([array for batch in batches for array in tf.nest.flatten(batch)])
    for run in runs[1:]:
        for array, expected in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(array, expected)


def test_the_crop_reaches_the_readers():
    class Cropping(Records):
        def reader(self, split, num_prompts, crop=None, image_size=None):
            def read(epoch, index, crop_key=None):
                return {
                    **super(Cropping, self).reader(split, num_prompts)(epoch, index),
                    "seen": (crop, image_size, crop_key),
                }

            return read

    read = SourceWrapper(SourceWrapper(Cropping())).reader("val", 1, "crop", (8, 8))
    assert read(tf.constant(0, tf.int64), tf.constant(0, tf.int64), "key")["seen"] == ("crop", (8, 8), "key")


def test_rows_number_all_pictures_below():
    a, b, c = Records("a", 3), Records("b", 2), Records("c", 4)
    source = Backwards(SourceWrapper(a), Backwards(b, c))
    assert plain_sources(source, "train") == [a, b, c]
    pictures = [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), *(("c", index) for index in range(4))]
    row = picture_rows(source, "train")
    for find in (row, tf.function(row)):
        for epoch in (0, 5):
            rows = [int(find(tf.constant(epoch, tf.int64), tf.constant(index, tf.int64))) for index in range(9)]
            shown = [text.split() for text in texts(source, "train", epoch)]
            assert [pictures[number] for number in rows] == [(words[0], int(words[2])) for words in shown]
            assert sorted(rows) == list(range(9))
    assert plain_sources(a, "train") == [a] and picture_rows(a, "train")(0, 2) == 2


def test_stable_unless_a_source_is_not():
    moving = SourceWrapper(Drawn())
    moving.stable = False
    assert SourceWrapper(Drawn()).stable and not SourceWrapper(SourceWrapper(Drawn(), moving)).stable


def test_keys_differ_by_name_and_position_and_stay_what_they_are():
    names = [("x", 0, "train"), ("x", 0, "val"), ("x", 1, "train"), ("y", 0, "train")]
    keys = {tuple(stream_key(name, tf.constant(place, tf.int64)).numpy()) for name in names for place in (0, 1)}
    assert len(keys) == 8 and min(min(key) for key in keys) >= 0
    np.testing.assert_array_equal(stream_key(("x",), tf.constant(3, tf.int64)), [2697552496229297191, 3])


def test_results_of_many_examples_come_in_order_and_errors_pass():
    assert list(map_examples(functools.partial(pow, 2), 20, chunk=7)) == [2**n for n in range(20)]
    assert list(map_examples(pow, 0)) == []
    with pytest.raises(ZeroDivisionError):
        list(map_examples(lambda index: 1 // (3 - index), 20, chunk=2))


@pytest.mark.parametrize("index", [-1, 5])
def test_refuses_an_index_outside(index):
    with pytest.raises(ValueError, match=f"'val' of a\\+b has examples 0 to 4. Received: index={index}"):
        SourceWrapper(Drawn("a", 3), Drawn("b", 2)).example("val", index)


@pytest.mark.parametrize("method", ["num_examples", "prompts", "holders", "address"])
def test_refuses_an_unknown_split(method):
    with pytest.raises(ValueError, match=r"A split of a is one of \('train', 'val'\). Received: split='best'"):
        getattr(SourceWrapper(Drawn()), method)("best")


@pytest.mark.parametrize("source", ["data/ref_coco", Drawn, None])
def test_refuses_what_is_no_source(source):
    with pytest.raises(TypeError, match="Sources must be what `kmm.data.Source` describes.*Received: .*Wrap a source"):
        SourceWrapper(source)


def test_refuses_sources_that_do_not_fit_together():
    class Semantic(Drawn):
        task, class_names = "semantic", ("sky", "car")

    class Other(Semantic):
        class_names = ("car", "sky", *map(str, range(10)))

    with pytest.raises(
        ValueError, match=r"Received: a \(referring, no classes\) and b \(semantic, 2 classes: sky, car\)"
    ):
        SourceWrapper(Drawn(), Semantic("b"))
    with pytest.raises(
        ValueError, match=r"12 classes: car, sky, 0, 1, 2, 3, 4, 5, 6, 7, ...\). Give them one class list"
    ):
        SourceWrapper(Semantic("a"), Other("b"))
