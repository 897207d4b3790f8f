"""Where the time goes, as ratios within one run: `python tests/benchmarks/measure_speed.py`.

Machines are noisy; every figure is a median over alternating rounds. Run it while nothing else runs.
"""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf

import kmm

IMAGE_SIZE = (96, 96)
ROUNDS, STEPS = 5, 8


def make_step(num_prompts, batch_size, policy, normalization=None):
    """A function that does one training step of the `shapes` preset on random data."""
    keras.utils.set_random_seed(0)
    words = [f"word{i}" for i in range(40)]
    tokenizer = kmm.preprocessing.PromptTokenizer(words, sequence_length=12)
    model = kmm.models.build_preset("shapes", prompt_tokenizer=tokenizer, dtype=policy)
    if normalization is not None:
        for layer in model._flatten_layers():
            if isinstance(layer, kmm.layers.FusedBatchNormalization):
                layer.call = normalization.__get__(layer)
    trained = model.for_prompts(num_prompts)
    trained.compile(keras.optimizers.AdamW(1e-3), kmm.losses.BinaryCrossEntropyDice())
    rng = np.random.default_rng(0)
    inputs = {
        "images": rng.integers(0, 255, (batch_size, *IMAGE_SIZE, 3), "uint8"),
        "token_ids": rng.integers(2, 42, (batch_size, num_prompts, 12)).astype("int32"),
        "padding_mask": np.ones((batch_size, num_prompts, 12), bool),
    }
    masks = rng.integers(0, 2, (batch_size, num_prompts, *IMAGE_SIZE), "uint8")
    iterator = iter(tf.data.Dataset.from_tensors((inputs, masks)).cache().repeat())
    trained.make_train_function()
    trained.train_function(iterator)
    return lambda: trained.train_function(iterator)


def make_asker(model, num_prompts):
    """Functions that answer `num_prompts` about one picture: encoding it once, and anew for each."""
    image = np.zeros((1, *IMAGE_SIZE, 3), "float32")
    words = model.prompt_tokenizer(tf.constant(["word1 word2 word3"] * num_prompts))
    encode, ask = tf.function(model.encode_image), tf.function(model.ask)

    def once():
        pyramid = encode(image)
        return ask({**{level: tf.repeat(pyramid[level], num_prompts, 0) for level in model.decoder.levels}, **words})

    return once


def seconds(functions):
    """Median seconds of each function, measured in alternating rounds."""
    for function in functions.values():
        function()
    times = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(STEPS):
                function()
            times[name].append((time.perf_counter() - start) / STEPS)
    return {name: statistics.median(values) for name, values in times.items()}


def main():
    """Measure and print."""
    keras_normalization = keras.layers.BatchNormalization.call
    steps = seconds(
        {
            "float32, 8 prompts": make_step(8, 4, "float32"),
            "bfloat16, 8 prompts": make_step(8, 4, "mixed_bfloat16"),
            "bfloat16, 1 prompt": make_step(1, 4, "mixed_bfloat16"),
            "bfloat16, 8 prompts, Keras' batch normalisation": make_step(8, 4, "mixed_bfloat16", keras_normalization),
        }
    )
    print("training step, 4 pictures of 96 x 96")
    for name, value in steps.items():
        print(f"  {name:50} {1000 * value:7.1f} ms   {value / steps['bfloat16, 8 prompts']:.2f}")

    tokenizer = kmm.preprocessing.PromptTokenizer([f"word{i}" for i in range(40)], sequence_length=12)
    model = kmm.models.build_preset("shapes", prompt_tokenizer=tokenizer)
    asks = seconds({f"{count} prompts": make_asker(model, count) for count in (1, 20)})
    print(f"20 prompts on one picture cost {asks['20 prompts'] / asks['1 prompts']:.1f} times one")

    source = kmm.data.ShapesSource()
    for num_prompts in (1, 8):
        start = time.perf_counter()
        for index in range(500):
            source.example("train", index, num_prompts=num_prompts)
        print(f"shapes: {500 / (time.perf_counter() - start):.0f} scenes/s with {num_prompts} prompts, one thread")


if __name__ == "__main__":
    main()
