import numpy as np
import pytest
import tensorflow as tf

from kmm.data import Example, build_dataset
from kmm.data.mixture import Mixture
from kmm.data.source_wrapper import SourceWrapper
from kmm.data.weighted import MIN_AREA, Weighted
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["picture", *map(str, range(30))], sequence_length=2)


class Drawn:
    """Pictures with the masks that are given for each; the brightness is the picture's number."""

    name, task, class_names, splits = "a", "referring", (), ("train", "val")

    def __init__(self, masks):
        self.masks, self.drawn = masks, []

    def num_examples(self, split):
        return len(self.masks) if split == "train" else 3

    def example(self, split, index, epoch=0, num_prompts=1):
        self.drawn.append((split, index, epoch))
        masks = np.stack([self.masks[index][k % len(self.masks[index])] for k in range(num_prompts)])
        image = np.full((*masks.shape[1:], 3), index, np.uint8)
        return Example(image, (f"picture {index}",) * num_prompts, masks, ("x",) * num_prompts)


class Records(Drawn):
    """The same pictures, read in the graph."""

    def reader(self, split, num_prompts, crop=None, image_size=None):
        of_pictures = tf.constant(np.stack([masks[0] for masks in self.masks]))

        def read(epoch, index, crop_key=None):
            masks = tf.gather(of_pictures, tf.fill((num_prompts,), index))
            images = tf.fill(tf.concat([tf.shape(masks)[1:], [3]], 0), tf.cast(index, tf.uint8))
            words = tf.fill((num_prompts,), tf.strings.format("picture {}", index))
            return {"images": images, "prompts": words, "segmentation_masks": masks, "kinds": words}

        return read


class Listed(Drawn):
    def all_prompts(self, split, index):
        return [("x", "x")] * len(self.masks[index])


class Semantic(Drawn):
    task, class_names = "semantic", ("sky", "car", "dog", "cow")


def mask(*counts, ignored=0):
    """A 10 x 10 mask with as many pixels of the classes 1, 2, ... as are given, and of 255."""
    pixels = np.repeat([*range(1, len(counts) + 1), 255], [*counts, ignored]).astype(np.uint8)
    return np.pad(pixels, (0, 100 - len(pixels))).reshape(10, 10)


def plain(count):
    return Drawn([[mask(1)]] * count)


def drawn(source, epochs=1):
    count = source.num_examples("train")
    return [source.find("train", index, epoch)[1] for epoch in range(epochs) for index in range(count)]


def shares(source, epochs):
    """How often each example is drawn, found in the graph."""
    count, locate = source.num_examples("train"), source.address("train")
    positions = tf.data.Dataset.range(epochs * count)
    chosen = positions.map(lambda position: locate(position // count, position % count)[2])
    return np.bincount(list(chosen.as_numpy_iterator()), minlength=count) / (epochs * count)


def test_examples_come_in_proportion_to_the_weights_given():
    weights = np.array([0, 1, 2, 0, 5, 12, 0])
    found = shares(Weighted(plain(7), by=weights), epochs=300)
    assert (found[weights == 0] == 0).all()
    expected = weights / 20
    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(0.25 / 2100))
    assert np.abs(found - 1 / 7).max() > 0.3  # bounds that tell the weights from none


@pytest.mark.parametrize("power", [0.5, 1.0, 0.0, -1.0])
def test_by_class_the_rarest_class_of_a_picture_counts(power):
    sky, car, dog = mask(), mask(30), mask(20, 10)
    masks = [[sky], [sky], [sky], [car], [car], [dog], [sky], [mask(ignored=100)]]
    # sky in 7 of 8 pictures, cars in 3, dogs in 1; nothing counts in the last picture
    rarest = np.array([7 / 8, 7 / 8, 7 / 8, 3 / 8, 3 / 8, 1 / 8, 7 / 8, 1])
    if power < 0:
        expected = rarest**-power
    else:
        expected = (1 / rarest) ** power
    found = shares(Weighted(Semantic(masks), power=power), epochs=250)
    np.testing.assert_allclose(found, expected / expected.sum(), atol=5 * np.sqrt(0.25 / 2000))


def test_by_area_the_mean_over_the_classes_of_a_picture_counts():
    masks = [[mask()], [mask(50)], [mask(4, 0, 16)], [mask(10, ignored=50)], [mask(ignored=100)]]
    sides = [1.0], [0.5, 0.5], [0.8, 0.04, 0.16], [0.4, 0.1]
    weights = [np.mean(np.array(areas) ** -0.5) for areas in sides]
    weights.append(np.mean(weights))  # nothing counts in the last picture
    found = shares(Weighted(Semantic(masks), "area"), epochs=400)
    np.testing.assert_allclose(found, np.divide(weights, sum(weights)), atol=5 * np.sqrt(0.25 / 2000))


def test_the_task_decides_what_is_weighed_by():
    assert Weighted(Semantic([[mask(1)]])).by == "class" and Weighted(plain(1)).by == "area"


@pytest.mark.parametrize("power", [0.5, 1.0])
@pytest.mark.parametrize("kind", [Drawn, Listed])
def test_by_area_the_mean_over_the_targets_of_a_picture_counts(kind, power):
    masks = [[mask(50)], [mask(2), mask(8)], [mask(20), mask(0)], [mask(5, ignored=50)]]
    weights = [
        0.5**-power,
        (0.02**-power + 0.08**-power) / 2,
        0.2**-power,
        0.05**-power,
    ]
    found = shares(Weighted(kind(masks), "area", power), epochs=500)
    np.testing.assert_allclose(found, np.divide(weights, sum(weights)), atol=5 * np.sqrt(0.25 / 2000))


def test_pictures_without_any_target_have_the_mean_weight():
    masks = [[mask(0)], [mask(25)], [mask(100)], [mask(ignored=100)]]
    expected = np.array([1.5, 2, 1, 1.5]) / 6
    found = shares(Weighted(Drawn(masks), "area"), epochs=500)
    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(0.25 / 2000))
    np.testing.assert_allclose(shares(Weighted(Drawn([[mask(0)]] * 4), "area"), 500), 0.25, atol=0.05)


def test_specks_do_not_take_over():
    large = np.zeros((200, 200), np.uint8)
    large[0, 0] = 1
    speck, small = large.copy(), large.copy()
    small[:2, :2] = 1  # 4 / 40,000 is the smallest area told apart
    assert MIN_AREA == 4 / 40000
    found = shares(Weighted(Drawn([[speck], [small]]), "area", power=1.0), epochs=500)
    np.testing.assert_allclose(found, 0.5, atol=5 * np.sqrt(0.25 / 1000))


def test_draws_are_with_replacement_and_come_with_other_texts():
    source = Weighted(inner := plain(4), by=[1, 0, 0, 0])
    inner.drawn.clear()
    for epoch in range(3):
        for index in range(4):
            source.example("train", index, epoch)
    assert {index for _, index, _ in inner.drawn} == {0}
    epochs = [epoch for _, _, epoch in inner.drawn]
    assert len(set(epochs)) == 12 and 0 <= min(epochs) and max(epochs) < 2**31
    source.example("train", 3, 2**40)
    assert 0 <= inner.drawn[-1][-1] < 2**31


def test_the_same_seed_gives_the_same_draws_and_another_one_others():
    orders = [drawn(Weighted(plain(20), by=np.ones(20), seed=seed), 2) for seed in (0, 0, 1, 256)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2] != orders[3] != orders[0]
    assert orders[0][:20] != orders[0][20:]


def test_other_splits_stay_as_they_are():
    source = Weighted(plain(5), by=[0, 0, 0, 0, 1])
    assert [source.find("val", index, 4)[1:] for index in range(3)] == [(0, 4), (1, 4), (2, 4)]
    assert source.num_examples("val") == 3 and source.num_examples("train") == 5
    assert source.example("val", 1).prompts == ("picture 1",)


def test_masks_are_read_once_and_of_the_training_split_alone():
    inner = Semantic([[mask(index)] for index in range(40)])
    source = Weighted(inner)
    assert sorted(inner.drawn) == [("train", index, 0) for index in range(40)]
    drawn(source, 2)
    assert len(inner.drawn) == 40


def test_the_graph_reads_the_same_examples_as_python():
    masks, weights = [[mask(n)] for n in (1, 2, 3, 4, 5)], [1, 4, 0, 2, 2]
    in_graph, in_python = Weighted(Records(masks), weights), Weighted(Drawn(masks), weights)
    read = tf.function(in_graph.reader("train", 2))
    for epoch in (0, 1, 300):
        for index in range(5):
            parts = read(tf.constant(epoch, tf.int64), tf.constant(index, tf.int64))
            example = in_python.example("train", index, epoch, 2)
            np.testing.assert_array_equal(parts["images"], example.image)
            np.testing.assert_array_equal(parts["segmentation_masks"], example.segmentation_masks)
    assert not hasattr(in_python, "reader")


@pytest.mark.slow
@pytest.mark.parametrize("training", [True, False])
def test_data_sets_are_the_same_whatever_way_they_read_and_however_many_threads(training):
    masks, runs = [[mask(n)] for n in (1, 2, 3, 4, 5, 6)], []
    for kind, threads in ((Records, 0), (Drawn, 0), (Drawn, 1)):
        source = Mixture([Weighted(kind(masks), "area"), Weighted(kind(masks[:3]), [1, 0, 1], seed=5)])
        dataset = build_dataset(source, "train", 2, (10, 10), TOKENIZER, training=training)
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        batches = dataset.with_options(options).take(10).as_numpy_iterator()
        runs.append([array for batch in batches for array in tf.nest.flatten(batch)])
    for run in runs[1:]:
        for array, expected in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(array, expected)


def test_weighted_inside_a_mixture():
    source = Mixture([Weighted(plain(4), [0, 0, 1, 0]), plain(4)])
    numbers = [source.example("train", index, epoch).prompts[0] for epoch in (0, 1) for index in range(8)]
    assert sorted(numbers) == sorted(["picture 2"] * 8 + [f"picture {index}" for index in range(4)] * 2)


@pytest.mark.parametrize("wrap", [lambda s: Mixture([s]), lambda s: SourceWrapper(Weighted(s, [1, 1]))])
def test_refuses_a_source_that_changes_with_the_epoch(wrap):
    message = r"the same pictures in every epoch. Received: \w+ with 2 training examples. .*Mixture\(\[Weighted\(...\)"
    with pytest.raises(ValueError, match=message):
        Weighted(wrap(plain(2)), "area")


def test_refuses_a_source_without_training_examples():
    with pytest.raises(ValueError, match="Received: Drawn with 0 training examples"):
        Weighted(plain(0), "area")
    without = plain(2)
    without.splits = ("val",)
    with pytest.raises(ValueError, match="need a split 'train'.*Received: Drawn with 0 training examples"):
        Weighted(without, "area")


@pytest.mark.parametrize(
    "weights", [[1, 1], [1, 1, 1, 1], [[1, 1, 1]], 2, [1, -1, 1], [0, 0, 0], [1, float("nan"), 1], [1, float("inf"), 1]]
)
def test_refuses_weights_that_do_not_fit(weights):
    with pytest.raises(ValueError, match="Weights must be 3 numbers.*not all zero. Received: an array of shape"):
        Weighted(plain(3), weights)


@pytest.mark.parametrize(
    "kind, by, power",
    [(Drawn, "class", 0.5), (Drawn, "size", 0.5), (Semantic, "size", 1), (Drawn, "area", float("nan"))],
)
def test_refuses_ways_to_weigh_that_do_not_fit_the_task(kind, by, power):
    message = f"by 'class' or 'area', a referring.*Received: by='{by}', power={power} for the task '{kind.task}'"
    with pytest.raises(ValueError, match=message):
        Weighted(kind([[mask(1)]]), by, power)
