"""From a source to a `tf.data.Dataset` for `model.fit`."""

import tensorflow as tf

from kmm import feature_keys
from kmm.data.reader import KINDS, reader_of
from kmm.preprocessing import prepare_images, resize_masks

CROP_NUMBER = 1008
"""The crop's place among the data steps; their seeds are `1009 * seed + place`."""


def build_dataset(
    source,
    split,
    batch_size,
    image_size,
    tokenizer=None,
    num_prompts=None,
    training=False,
    augmentations=(),
    crop=None,
    preparations=(),
    seed=0,
    first_step=0,
    service=None,
):
    """Turn a source into batches `(inputs, segmentation_masks)`.

    Everything random depends only on (seed, epoch, example index), so that the same arguments give the same bytes
    whatever the parallelism, and a run can be entered at any step.

    Args:
        source: a `kmm.data.Source`, such as `kmm.data.ShapesSource()`.
        split: which split of it.
        batch_size: pictures in a batch.
        image_size: `(height, width)` that pictures and masks are resized to, the model's.
        tokenizer: a `kmm.preprocessing.PromptTokenizer`; without one the inputs are the images alone.
        num_prompts: `None` for one prompt for each picture and masks `(batch, height, width)`; a number for that many
            prompts and masks `(batch, num_prompts, height, width)`, for `model.for_prompts(num_prompts)`.
        training: shuffle, augment and never end (give `steps_per_epoch` to `fit`); otherwise every example once, in
            order.
        augmentations: data steps such as `kmm.data.RandomFlip()`, applied in order when training.
        crop: a `kmm.data.RandomCrop`, applied when training and before all else: sources that read encoded pictures
            decode only the window, and the other steps then work on pictures of the model's size.
        preparations: data steps that are always applied, before the picture is resized, such as `kmm.data.Letterbox`;
            not together with a crop, whose window is brought to the model's size at once.
        seed: the seed of order, prompts and augmentations.
        first_step: the batch to begin with, for runs that go on.
        service: address of a `tf.data` service dispatcher ("grpc://host:port") whose workers make the training batches;
            the source must read in the graph, as `kmm.data.RecordSource` does. Every example is then drawn once an
            epoch all the same, but the order depends on the workers.

    Returns:
        A `tf.data.Dataset` of a dict of `images` uint8 `(batch, height, width, 3)`, `token_ids` and `padding_mask`
        `(batch, [num_prompts,] length)`, and uint8 masks.

    Raises:
        ValueError: if the batch size is below 1, the split is empty or smaller than a training batch, crop and
            preparations are both given, or a service is given to what it cannot serve.

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> tokenizer = kmm.preprocessing.PromptTokenizer.adapt(source.prompts("train", limit=100), sequence_length=8)
    >>> dataset = kmm.data.build_dataset(source, "val", batch_size=4, image_size=(32, 32), tokenizer=tokenizer)
    >>> inputs, masks = next(iter(dataset))
    >>> tuple(inputs["token_ids"].shape), tuple(masks.shape)
    ((4, 8), (4, 32, 32))
    """
    count = source.num_examples(split)
    if batch_size < 1:
        raise ValueError(f"A batch holds at least one picture. Received: batch_size={batch_size}. Raise it.")
    if crop is not None and preparations:
        raise ValueError(
            "A crop's window is brought to the model's size at once, so that nothing is left to prepare. Received: "
            f"crop={crop}, preparations={preparations}. Give one of them."
        )
    if count < (batch_size if training else 1):
        raise ValueError(
            f"A split needs at least one example, and a batch of them for training. Received: {count} examples in "
            f"{split!r}, batch_size={batch_size}. Lower the batch size or add examples."
        )
    positions = tf.data.Dataset.range(first_step * batch_size, 2**62 if training else count)

    def place(position):
        """The epoch and the example of a position in the endless stream."""
        epoch, index = position // count, position % count
        if training:
            order = tf.cast(tf.stack([tf.cast(seed, tf.int64), epoch]), tf.int32)
            index = tf.cast(tf.random.experimental.index_shuffle(index, order, count - 1), tf.int64)
        return epoch, index

    read = reader_of(source, split, num_prompts or 1, crop if training else None, image_size)

    def load(position):
        epoch, index = place(position)

        def key(number):
            return tf.stack([tf.constant(seed * 1009 + number, tf.int64), epoch * count + index])

        example = read(epoch, index, key(CROP_NUMBER))
        del example[KINDS]
        for step in preparations:
            example = step(example, key(0))
        if training:
            for number, augmentation in enumerate(augmentations):
                example = augmentation(example, key(number))
        example[feature_keys.IMAGES] = prepare_images(example[feature_keys.IMAGES], image_size)
        masks = feature_keys.SEGMENTATION_MASKS
        example[masks] = resize_masks(example[masks], image_size)
        return example

    def split_targets(batch):
        inputs = {feature_keys.IMAGES: batch[feature_keys.IMAGES]}
        prompts, masks = batch[feature_keys.PROMPTS], batch[feature_keys.SEGMENTATION_MASKS]
        if num_prompts is None:
            prompts, masks = prompts[:, 0], masks[:, 0]
        if tokenizer is not None:
            inputs.update(tokenizer(prompts))
        return inputs, masks

    parallelism = 2  # of sources that draw in Python, under its lock; the other cores belong to the model
    if hasattr(source, "reader"):
        parallelism = tf.data.AUTOTUNE
    examples = positions.map(load, num_parallel_calls=parallelism, deterministic=True)
    batches = examples.batch(batch_size, drop_remainder=training)
    batches = batches.map(split_targets, num_parallel_calls=1, deterministic=True)
    if service is not None:
        batches = _distributed(batches, source, service, training)
    return batches.prefetch(2)


def _distributed(batches, source, service, training):
    """The batches as made by the workers of a `tf.data` service."""
    if not training or not hasattr(source, "reader"):
        raise ValueError(
            "A tf.data service makes training batches of sources that read in the graph, such as "
            f"kmm.data.RecordSource. Received: service={service!r}, training={training}, source="
            f"{type(source).__name__}. Prepare the data with data_pipelines, or leave the service out."
        )
    policy = tf.data.experimental.service.ShardingPolicy.DYNAMIC
    return batches.apply(tf.data.experimental.service.distribute(policy, service))
