import numpy as np
import pytest
import tensorflow as tf

from kmm.data import (
    Example,
    Letterbox,
    RandomColor,
    RandomCrop,
    RandomFlip,
    RandomZoom,
    RecordSource,
    ShapesSource,
    build_dataset,
)
from kmm.preprocessing import PromptTokenizer, prepare_images, resize_masks

TOKENIZER = PromptTokenizer(["red", "circle", "left", "right", "number", *map(str, range(10))], sequence_length=4)
SHAPES = ShapesSource((32, 32), num_train=10, num_val=5)
AUGMENTATIONS = (RandomFlip(), RandomColor(), RandomZoom())


class NumberedSource:
    """Pictures of two sizes; brightness says which it is, the prompts say index and epoch."""

    name, task, class_names, splits = "numbered", "semantic", ("a", "b"), ("train", "val")

    def num_examples(self, split):
        return 7

    def example(self, split, index, epoch=0, num_prompts=1):
        shape = (20, 24) if index % 2 else (16, 16)
        masks = np.stack([np.full(shape, (index + k) % 2, np.uint8) for k in range(num_prompts)])
        prompts = tuple(f"number {index} {epoch}" for _ in range(num_prompts))
        return Example(np.full((*shape, 3), 10 * index, np.uint8), prompts, masks, ("x",) * num_prompts)


NUMBERED = NumberedSource()


def take(count, **options):
    """The first batches as NumPy."""
    arguments = {"source": SHAPES, "split": "train", "batch_size": 4, "image_size": (16, 24), "tokenizer": TOKENIZER}
    dataset = build_dataset(**{**arguments, "training": True, "augmentations": AUGMENTATIONS, **options})
    return list(dataset.take(count).as_numpy_iterator())


def assert_equal(batches, others):
    assert len(batches) == len(others)
    for one, other in zip(map(tf.nest.flatten, batches), map(tf.nest.flatten, others), strict=True):
        for array, expected in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, expected)


def seen(batches):
    """The examples in the order in which they came, as (index, epoch)."""
    words = [TOKENIZER.decode(row).split() for inputs, _ in batches for row in inputs["token_ids"]]
    return [(int(index), int(epoch)) for _, index, epoch in words]


@pytest.mark.parametrize("num_prompts, shape", [(None, (4,)), (1, (4, 1)), (3, (4, 3))])
@pytest.mark.parametrize("training", [True, False])
def test_shapes_and_dtypes(num_prompts, shape, training):
    ((inputs, masks),) = take(1, num_prompts=num_prompts, training=training)
    assert {key: (value.shape, value.dtype) for key, value in inputs.items()} == {
        "images": ((4, 16, 24, 3), np.uint8),
        "token_ids": ((*shape, 4), np.int32),
        "padding_mask": ((*shape, 4), bool),
    }
    assert (masks.shape, masks.dtype) == ((*shape, 16, 24), np.uint8)
    spec, mask_spec = build_dataset(
        SHAPES, "train", 4, (16, 24), TOKENIZER, num_prompts=num_prompts, training=training
    ).element_spec
    assert tuple(spec["images"].shape) == (4 if training else None, 16, 24, 3)
    assert tuple(mask_spec.shape[1:]) == (*shape[1:], 16, 24)


def test_without_a_tokenizer_images_alone():
    ((inputs, masks),) = take(1, tokenizer=None)
    assert set(inputs) == {"images"} and masks.shape == (4, 16, 24)


def test_same_bytes_in_every_run_and_whatever_the_parallelism():
    batches = take(6)
    assert_equal(batches, take(6))
    dataset = build_dataset(SHAPES, "train", 4, (16, 24), TOKENIZER, training=True, augmentations=AUGMENTATIONS)
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.experimental_optimization.apply_default_optimizations = False
    assert_equal(batches, list(dataset.with_options(options).take(6).as_numpy_iterator()))


@pytest.mark.parametrize("first_step", [1, 2, 5])
def test_first_step_enters_the_same_stream_in_the_middle(first_step):
    """Batches of 4 in epochs of 10: the stream does not begin anew with an epoch."""
    assert_equal(take(3, first_step=first_step), take(first_step + 3)[first_step:])


def test_seed_changes_order_and_augmentations():
    assert not np.array_equal(take(1)[0][0]["images"], take(1, seed=1)[0][0]["images"])
    orders = [seen(take(7, source=NUMBERED, batch_size=1, augmentations=(), seed=seed)) for seed in (0, 1)]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])


def test_training_covers_every_example_once_in_each_epoch():
    stream = seen(take(28, source=NUMBERED, batch_size=1, augmentations=()))
    epochs = [stream[start : start + 7] for start in range(0, 28, 7)]
    for number, epoch in enumerate(epochs):
        assert sorted(epoch) == [(index, number) for index in range(7)]
    orders = {tuple(index for index, _ in epoch) for epoch in epochs}
    assert len(orders) == 4 and tuple(range(7)) not in orders


def test_training_with_another_batch_size_sees_the_same_stream():
    assert seen(take(5, source=NUMBERED, batch_size=3, augmentations=())) == seen(
        take(15, source=NUMBERED, batch_size=1, augmentations=())
    )


def test_evaluation_gives_every_example_once_in_order_and_unchanged():
    batches = take(99, source=NUMBERED, split="val", batch_size=3, training=False)
    assert [len(masks) for _, masks in batches] == [3, 3, 1]
    assert seen(batches) == [(index, 0) for index in range(7)]
    values = [image for inputs, _ in batches for image in inputs["images"]]
    assert all((image == 10 * index).all() for index, image in enumerate(values))
    assert [mask.max() for _, masks in batches for mask in masks] == [0, 1, 0, 1, 0, 1, 0]


def test_images_and_masks_are_resized_as_everywhere_else():
    inputs, masks = take(1, split="val", training=False, num_prompts=2, image_size=(24, 16))[0]
    for index in range(4):
        example = SHAPES.example("val", index, num_prompts=2)
        np.testing.assert_array_equal(inputs["images"][index], prepare_images(example.image, (24, 16)))
        np.testing.assert_array_equal(masks[index], resize_masks(example.segmentation_masks, (24, 16)))


def test_every_prompt_keeps_its_own_mask():
    inputs, masks = take(1, split="val", training=False, num_prompts=3, image_size=(32, 32))[0]
    for index in range(4):
        example = SHAPES.example("val", index, num_prompts=3)
        np.testing.assert_array_equal(inputs["token_ids"][index], TOKENIZER(list(example.prompts))["token_ids"])
        np.testing.assert_array_equal(masks[index], example.segmentation_masks)


class RampSource(NumberedSource):
    """One picture, always the same, in which every pixel has a value of its own."""

    def num_examples(self, split):
        return 1

    def example(self, split, index, epoch=0, num_prompts=1):
        ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
        return Example(ramp[..., None].repeat(3, -1), ("red",), ramp[None], ("x",))


def test_augmentations_draw_anew_in_each_epoch_and_rest_in_evaluation():
    options = {
        "source": RampSource(),
        "batch_size": 1,
        "image_size": (16, 16),
        "augmentations": (RandomZoom(0.5, 0.5),),
    }
    images = [inputs["images"] for inputs, _ in take(5, **options)]
    assert len({image.tobytes() for image in images}) > 2
    ((inputs, masks),) = take(5, **options, training=False)
    np.testing.assert_array_equal(inputs["images"][0, ..., 0], np.arange(256).reshape(16, 16))
    np.testing.assert_array_equal(masks[0], np.arange(256).reshape(16, 16))


def test_each_augmentation_has_a_key_of_its_own():
    """The same step twice does not repeat its draws: two mirrorings do not always cancel each other."""
    options = {"source": RampSource(), "batch_size": 1, "image_size": (16, 16)}
    images = [
        inputs["images"].tobytes() for inputs, _ in take(20, **options, augmentations=(RandomFlip(), RandomFlip()))
    ]
    assert 3 <= images.count(RampSource().example("train", 0).image.tobytes()) <= 17


def test_refuses_a_training_split_below_one_batch():
    message = "Received: 10 examples in 'train', batch_size=11. Lower the batch size"
    with pytest.raises(ValueError, match=message):
        build_dataset(SHAPES, "train", 11, (32, 32), training=True)


class EmptySource(NumberedSource):
    def num_examples(self, split):
        return 0


@pytest.mark.parametrize("training", [True, False])
def test_refuses_an_empty_split(training):
    with pytest.raises(ValueError, match="at least one example.*Received: 0 examples in 'val'"):
        build_dataset(EmptySource(), "val", 4, (32, 32), training=training)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch_size", [0, -1])
def test_refuses_a_batch_of_nothing(training, batch_size):
    with pytest.raises(ValueError, match=f"at least one picture. Received: batch_size={batch_size}"):
        build_dataset(SHAPES, "train", batch_size, (32, 32), training=training)


def test_crop_when_training_only(records):
    source = RecordSource(records)
    arguments = {"batch_size": 2, "image_size": (8, 12), "num_prompts": 2}
    crop = RandomCrop(0.3, 0.5)
    plain = build_dataset(source, "train", training=True, **arguments)
    cropped = build_dataset(source, "train", training=True, crop=crop, **arguments)
    (one, one_masks), (other, other_masks) = (next(iter(dataset)) for dataset in (plain, cropped))
    assert one["images"].shape == other["images"].shape and one_masks.shape == other_masks.shape == (2, 2, 8, 12)
    assert (one["images"].numpy() != other["images"].numpy()).any()
    for (a, a_masks), (b, b_masks) in zip(
        build_dataset(source, "val", **arguments), build_dataset(source, "val", crop=crop, **arguments), strict=True
    ):
        np.testing.assert_array_equal(a["images"], b["images"])
        np.testing.assert_array_equal(a_masks, b_masks)


def test_preparations_always_come_first():
    for training in (False, True):
        options = {"image_size": (16, 32), "training": training, "augmentations": ()}
        ((inputs, masks),) = take(1, preparations=(Letterbox(2.0),), **options)
        assert (inputs["images"][:, :, :7] == 127).all() and (masks[:, :, :8] == 255).all()
        assert (inputs["images"][:, :, 8:24] != 127).any() and (masks[:, :, 8:24] != 255).all()


def test_a_tf_data_service_makes_the_batches(records):
    dispatcher = tf.data.experimental.service.DispatchServer()
    address = dispatcher.target.removeprefix("grpc://")
    worker = tf.data.experimental.service.WorkerServer(
        tf.data.experimental.service.WorkerConfig(dispatcher_address=address)
    )
    arguments = {"batch_size": 2, "image_size": (8, 12), "tokenizer": TOKENIZER, "training": True}
    dataset = build_dataset(RecordSource(records), "train", service=dispatcher.target, **arguments)
    here = build_dataset(RecordSource(records), "train", **arguments).take(21).as_numpy_iterator()
    local = {inputs["images"].tobytes() for inputs, _ in here}
    served = [inputs["images"].tobytes() for inputs, _ in dataset.take(5).as_numpy_iterator()]
    assert set(served) <= local and len(set(served)) > 1
    del worker


@pytest.mark.parametrize("source, training", [(SHAPES, True), ("records", False)])
def test_what_a_tf_data_service_cannot_make(records, source, training):
    source = RecordSource(records) if source == "records" else source
    with pytest.raises(ValueError, match=f"sources that read in the graph.*training={training}"):
        build_dataset(source, "train", 2, (8, 12), training=training, service="grpc://localhost:1")


def test_a_crop_leaves_nothing_to_prepare(records):
    with pytest.raises(ValueError, match="brought to the model's size at once.*Letterbox.*Give one of them"):
        build_dataset(RecordSource(records), "train", 2, (8, 12), crop=RandomCrop(), preparations=(Letterbox(),))
