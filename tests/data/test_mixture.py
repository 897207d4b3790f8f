import collections

import numpy as np
import pytest
import tensorflow as tf

from kmm.data import Example, ShapesSource, build_dataset
from kmm.data.mixture import Mixture
from kmm.data.record_source import RecordSource
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["a", "b", "c", *map(str, range(30))], sequence_length=3)


class Drawn:
    """Pictures whose texts say source, index and epoch."""

    task, class_names = "referring", ()

    def __init__(self, name="a", count=5, splits=("train", "val")):
        self.name, self.count, self.splits = name, count, splits

    def num_examples(self, split):
        return self.count

    def example(self, split, index, epoch=0, num_prompts=1):
        texts = (f"{self.name} {index} {epoch}",) * num_prompts
        return Example(np.full((4, 4, 3), index, np.uint8), texts, np.zeros((num_prompts, 4, 4), np.uint8), texts)

    def prompts(self, split, limit=2000):
        return [f"{self.name} 0 0"][:limit]


class Records(Drawn):
    """The same pictures, read in the graph."""

    def reader(self, split, num_prompts, crop=None, image_size=None):
        def read(epoch, index, crop_key=None):
            words = tf.fill((num_prompts,), tf.strings.format(self.name + " {} {}", (index, epoch)))
            images, masks = tf.fill((4, 4, 3), tf.cast(index, tf.uint8)), tf.zeros((num_prompts, 4, 4), tf.uint8)
            return {"images": images, "prompts": words, "segmentation_masks": masks, "kinds": words}

        return read


def stream(source, epochs, split="train"):
    """What is shown, as (source, index, epoch of the source)."""
    places = [(index, epoch) for epoch in range(epochs) for index in range(source.num_examples(split))]
    words = [source.example(split, index, epoch).prompts[0].split() for index, epoch in places]
    return [(name, int(index), int(epoch)) for name, index, epoch in words]


def read_stream(source, split, count):
    """The same by the source's reader, inside a compiled function."""
    read, size = tf.function(source.reader(split, 1)), source.num_examples(split)
    texts = [
        read(tf.constant(p // size, tf.int64), tf.constant(p % size, tf.int64))["prompts"][0] for p in range(count)
    ]
    return [(name, int(index), int(epoch)) for name, index, epoch in (text.numpy().decode().split() for text in texts)]


def mixture(kind=Drawn, **options):
    return Mixture([kind("a", 7), kind("b", 3), kind("c", 20)], **options)


def test_by_default_an_epoch_holds_every_example_once():
    shown = stream(mixture(), 3)
    everything = [*(("a", index) for index in range(7)), *(("b", i) for i in range(3)), *(("c", i) for i in range(20))]
    orders = []
    for epoch in range(3):
        of_epoch = shown[30 * epoch : 30 * epoch + 30]
        assert sorted(of_epoch) == [(*place, epoch) for place in everything]
        orders.append(tuple(of_epoch))
    assert len({tuple(place[:2] for place in order) for order in orders}) == 3


@pytest.mark.parametrize(
    "weights, num_examples, quotas",
    [
        ([1, 1, 1], None, (10, 10, 10)),
        ([0.5, 0.25, 0.25], 40, (20, 10, 10)),
        ([1, 2, 2], 7, (1, 3, 3)),
        (None, 60, (14, 6, 40)),
        ((1, 1, 2), 4, (1, 1, 2)),
    ],
)
def test_every_epoch_gives_each_source_its_share(weights, num_examples, quotas):
    source = mixture(weights=weights, num_examples=num_examples)
    count = source.num_examples("train")
    assert count == sum(quotas)
    shown = stream(source, 4)
    for epoch in range(4):
        counts = collections.Counter(name for name, _, _ in shown[count * epoch : count * (epoch + 1)])
        assert tuple(counts[name] for name in "abc") == quotas


@pytest.mark.parametrize("weights", [[1, 1, 1], [5, 1, 2], None])
def test_no_example_comes_again_before_all_of_its_source_did(weights):
    shown = stream(mixture(weights=weights, num_examples=11), 12)
    for name, size in (("a", 7), ("b", 3), ("c", 20)):
        places = [(index, epoch) for of, index, epoch in shown if of == name]
        assert len(places) > size
        by_pass = collections.defaultdict(list)
        for index, passed in places:
            by_pass[passed].append(index)
        assert list(by_pass) == list(range(len(by_pass)))
        *whole, last = by_pass.values()
        assert all(sorted(indices) == list(range(size)) for indices in whole)
        assert len(set(last)) == len(last)


def test_the_order_is_random_within_an_epoch_and_within_a_source():
    source = Mixture([Drawn("a", 200), Drawn("b", 200)])
    shown = stream(source, 1)
    first_half = sum(name == "a" for name, _, _ in shown[:200])
    assert 75 <= first_half <= 125  # 5 standard deviations
    indices = [index for name, index, _ in shown if name == "a"]
    assert abs(np.corrcoef(indices, range(200))[0, 1]) < 0.3
    assert np.mean(np.diff(indices) == 1) < 0.05


def test_the_same_seed_gives_the_same_stream_and_another_one_another():
    assert stream(mixture(), 2) == stream(mixture(), 2)
    assert stream(mixture(), 1) != stream(mixture(seed=1), 1)
    orders = {tuple(stream(mixture(seed=seed), 1)) for seed in range(20)}
    assert len(orders) == 20


def test_orders_do_not_come_again_after_many_epochs():
    source = Mixture([Drawn("a", 10), Drawn("b", 6)])
    orders = {
        tuple(source.find("train", index, epoch)[1] for index in range(16))
        for epoch in (*range(8), *range(256, 264), *range(65536, 65544))
    }
    assert len(orders) == 24


def test_other_splits_are_joined_every_example_once_in_order():
    source = Mixture([Drawn("a", 2), Drawn("b", 3, ("train", "val", "test"))], weights=[9, 1], num_examples=10)
    assert source.splits == ("train", "val", "test")
    assert stream(source, 1, "val") == [("a", 0, 0), ("a", 1, 0), ("b", 0, 0), ("b", 1, 0), ("b", 2, 0)]
    assert stream(source, 1, "test") == [("b", 0, 0), ("b", 1, 0), ("b", 2, 0)]
    without_training = Mixture([Drawn("a", 2, ("val",)), Drawn("b", 3, ("val",))])
    assert without_training.num_examples("val") == 5 and without_training.splits == ("val",)


def test_mixtures_of_mixtures():
    inner = Mixture([Drawn("a", 4), Drawn("b", 6)], weights=[1, 1], num_examples=5 * 2)
    source = Mixture([inner, Drawn("c", 5)], weights=[2, 1], num_examples=15)
    assert not source.stable and source.name == "a+b+c"
    counts = collections.Counter(name for name, _, _ in stream(source, 12))
    assert counts == {"a": 60, "b": 60, "c": 60}
    seen = [(passed, index) for name, index, passed in stream(source, 12) if name == "b"]
    assert sorted(seen) == [(passed, index) for passed in range(10) for index in range(6)]
    assert stream(source, 1, "val") == [*stream(inner, 1, "val"), *((("c", index, 0)) for index in range(5))]


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_graph_reads_the_same_stream_as_python(split):
    in_graph, in_python = (
        Mixture([kind("c", 4), mixture(kind, weights=[1, 1, 1], num_examples=9)], weights=[1, 2], num_examples=12)
        for kind in (Records, Drawn)
    )
    count = in_graph.num_examples(split)
    epochs = 3 if split == "train" else 1
    assert read_stream(in_graph, split, epochs * count) == stream(in_python, epochs, split)
    assert not hasattr(in_python, "reader") and not hasattr(Mixture([Records(), Drawn("b")]), "reader")


@pytest.mark.parametrize("training", [True, False])
def test_data_sets_are_the_same_whatever_way_they_read_and_however_many_threads(training):
    split, runs = "train" if training else "val", []
    for kind, threads in ((Records, 0), (Drawn, 0), (Drawn, 1)):
        dataset = build_dataset(mixture(kind, weights=[1, 1, 2]), split, 4, (4, 4), TOKENIZER, training=training)
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        batches = list(dataset.with_options(options).take(12).as_numpy_iterator())
        runs.append([array for batch in batches for array in tf.nest.flatten(batch)])
        words = [TOKENIZER.decode(row) for inputs, _ in batches for row in inputs["token_ids"]]
        if not training:
            assert words == [" ".join(map(str, place)) for place in stream(mixture(), 1, "val")]
    for run in runs[1:]:
        for array, expected in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(array, expected)


def test_in_a_shuffled_data_set_too_examples_of_a_source_are_seen_equally_often():
    source = mixture(weights=[3, 3, 6], num_examples=12)
    dataset = build_dataset(source, "train", 12, (4, 4), TOKENIZER, training=True)
    counts = collections.Counter()
    for inputs, _ in dataset.take(8).as_numpy_iterator():
        counts.update(TOKENIZER.decode(row).rpartition(" ")[0] for row in inputs["token_ids"])
        for name, size in (("a", 7), ("b", 3), ("c", 20)):
            assert np.ptp([counts[f"{name} {index}"] for index in range(size)]) <= 1
    assert counts.total() == 96


def test_a_run_is_entered_in_the_middle():
    def batches(first_step, count):
        dataset = build_dataset(mixture(), "train", 4, (4, 4), TOKENIZER, training=True, first_step=first_step)
        return [inputs["token_ids"].tolist() for inputs, _ in dataset.take(count).as_numpy_iterator()]

    assert batches(9, 3) == batches(0, 12)[9:]


def test_sources_of_the_package_mix():
    source = Mixture([ShapesSource((32, 32), num_train=6), ShapesSource((32, 48), num_train=6, seed=1)])
    dataset = build_dataset(source, "train", 4, (32, 32), training=True)
    inputs, masks = next(dataset.as_numpy_iterator())
    assert inputs["images"].shape == (4, 32, 32, 3) and masks.shape == (4, 32, 32)


def test_records_mix_in_the_graph(records):
    source = Mixture([RecordSource(records), RecordSource(records, seed=1)], weights=[2, 1], num_examples=9)
    read = tf.function(source.reader("train", 2))
    for index in range(9):
        parts = read(tf.constant(3, tf.int64), tf.constant(index, tf.int64))
        example = source.example("train", index, 3, num_prompts=2)
        assert tuple(text.decode() for text in parts["prompts"].numpy()) == example.prompts
        np.testing.assert_array_equal(parts["images"], example.image)
        np.testing.assert_array_equal(parts["segmentation_masks"], example.segmentation_masks)


@pytest.mark.slow
def test_workers_of_a_data_service_serve_a_mixture(records):
    source = Mixture([RecordSource(records), RecordSource(records, seed=1)])
    dispatcher = tf.data.experimental.service.DispatchServer()
    worker = tf.data.experimental.service.WorkerServer(
        tf.data.experimental.service.WorkerConfig(dispatcher_address=dispatcher.target.split("://")[1])
    )
    arguments = {"split": "train", "batch_size": 7, "image_size": (24, 36), "training": True}
    here = build_dataset(source, **arguments).take(2)
    there = build_dataset(source, **arguments, service=dispatcher.target).take(2)
    images = [[batch["images"].tolist() for batch, _ in data.as_numpy_iterator()] for data in (here, there)]
    assert images[0] == images[1]
    worker.stop()


@pytest.mark.parametrize("sources", [[], (), Drawn(), None])
def test_refuses_what_is_no_list_of_sources(sources):
    with pytest.raises(TypeError, match=r"A mixture takes a list of sources, at least one. Received: .* Mixture\(\["):
        Mixture(sources)


@pytest.mark.parametrize("weights", [[1, 1], [1, 0, 1], [1, -1, 1], [1, float("nan"), 1], [[1, 1, 1]], 3])
def test_refuses_weights_that_do_not_fit(weights):
    with pytest.raises(ValueError, match="a positive weight for each of its 3 sources.*Received: weights="):
        mixture(weights=weights)


@pytest.mark.parametrize("weights", [None, [1, 1]])
def test_refuses_a_source_without_examples(weights):
    with pytest.raises(ValueError, match=r"and examples in all of them. Received: .* for \[5, 0\] examples"):
        Mixture([Drawn(), Drawn("b", 0)], weights)


@pytest.mark.parametrize("weights, num_examples", [([1000, 1, 1], 30), (None, 2), (None, 0), (None, -5)])
def test_refuses_an_epoch_without_an_example_of_each_source(weights, num_examples):
    with pytest.raises(
        ValueError, match=f"at least one example of each source. Received: num_examples={num_examples},"
    ):
        mixture(weights=weights, num_examples=num_examples)


def test_refuses_a_source_without_training_split_beside_one_with():
    with pytest.raises(ValueError, match="have a split 'train' or none. Received: b without it. Leave those out"):
        Mixture([Drawn(), Drawn("b", splits=("val",))])


def test_refuses_to_train_where_there_is_no_training_split():
    source = Mixture([Drawn(splits=("val",))])
    with pytest.raises(ValueError, match=r"A split of a is one of \('val',\). Received: split='train'"):
        source.example("train", 0)
    with pytest.raises(ValueError, match="Received: split='train'"):
        source.address("train")


def test_refuses_sources_of_several_tasks():
    semantic = Drawn("b")
    semantic.task, semantic.class_names = "semantic", ("sky",)
    with pytest.raises(ValueError, match="Sources must have the same task and the same classes"):
        Mixture([Drawn(), semantic])
