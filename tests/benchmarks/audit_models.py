"""Whether the audit tells readers from others: `python tests/benchmarks/audit_models.py [--steps N]`.

Trains four models on `shapes`, audits each and prints a Markdown table with a bar for each line: the preset, the preset
with a fusion that ignores its words (an image-only model dressed as text-guided), and the preset under mirrored
pictures, once with the words as they were and once with "left" and "right" exchanged. Ends with 1 if a line misses its
bar.
"""

import argparse
import json
import pathlib
import sys
import time

import keras
import tensorflow as tf
from keras import ops

import kmm
from kmm import feature_keys

IMAGE_SIZE, BATCH_SIZE, NUM_PROMPTS, LEARNING_RATE = (96, 96), 4, 8, 3e-3


@keras.saving.register_keras_serializable(package="audit")
class DeafFusion(kmm.fusion.Fusion):
    """Takes words, and ignores them: two convolutions of the picture's features and their coordinates."""

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        policy = self.dtype_policy
        self.first = kmm.layers.ConvBlock(filters, name="first", dtype=policy)
        self.second = kmm.layers.ConvBlock(filters, name="second", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.first.build(image_features_shape)
        self.second.build((*image_features_shape[:3], self.filters))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """The picture alone; the words only lend a gradient of 0."""
        nothing = 0 * ops.sum(sequence, axis=(1, 2))[:, None, None, None]
        return self.second(self.first(image_features, training=training), training=training) + nothing


def flip_without_words(example, key):
    """Mirrors picture and masks half the time, as is usual, and leaves the words as they are."""
    if tf.random.stateless_uniform((), key) < 0.5:
        images, masks = example[feature_keys.IMAGES], example[feature_keys.SEGMENTATION_MASKS]
        flipped = {
            feature_keys.IMAGES: tf.reverse(images, [1]),
            feature_keys.SEGMENTATION_MASKS: tf.reverse(masks, [2]),
        }
        return {**example, **flipped}
    return example


def text_is_used(audit):
    """A gap of at least 0.4."""
    return audit["verdicts"]["text"]["answer"] == "yes" and audit["language_gap"] >= 0.4


def verdict_is(name, answer):
    """A check of one verdict."""
    return lambda audit: audit["verdicts"][name]["answer"] == answer


VARIANTS = {
    "preset": ({}, (), "uses its text, gap >= 0.4", text_is_used),
    "words ignored": ({"fusion": "audit>DeafFusion"}, (), "does not use its text", verdict_is("text", "no")),
    "flips, words untouched": ({}, (flip_without_words,), "left and right not told", verdict_is("sides", "no")),
    "flips, sides exchanged": ({}, (kmm.data.RandomFlip(0.5),), "left told from right", verdict_is("sides", "yes")),
}
"""Name: replaced parts, augmentations, the bar in words, and the bar."""


def train(parts, augmentations, steps, seed=0):
    """The preset's model after some steps."""
    keras.utils.set_random_seed(seed)
    source = kmm.data.ShapesSource(image_size=IMAGE_SIZE)
    tokenizer = kmm.preprocessing.PromptTokenizer.adapt(source.prompts("train"), sequence_length=16)
    policy = kmm.training.policy_for("auto")
    model = kmm.models.build_preset("shapes", prompt_tokenizer=tokenizer, dtype=policy, **parts)
    dataset = kmm.data.build_dataset(
        source, "train", BATCH_SIZE, IMAGE_SIZE, tokenizer, NUM_PROMPTS, training=True, augmentations=augmentations,
        seed=seed,
    )  # fmt: skip
    warmup = min(200, steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.05 * LEARNING_RATE, max(1, steps - warmup), warmup_target=LEARNING_RATE, warmup_steps=warmup
    )
    trained = model.for_prompts(NUM_PROMPTS)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-4, global_clipnorm=1.0)
    trained.compile(optimizer, kmm.losses.BinaryCrossEntropyDice(), steps_per_execution=1 if steps % 10 else 10)
    trained.fit(dataset, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=2)
    return model, source


def main():
    """Train, audit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000, help="training steps of each model (default: 4000)")
    parser.add_argument("--limit", type=int, default=300, help="audited test pictures (default: 300)")
    parser.add_argument("--only", choices=VARIANTS, nargs="*", default=list(VARIANTS), help="some of the variants")
    parser.add_argument("--output", type=pathlib.Path, help="folder for each audit's JSON and picture")
    args = parser.parse_args()
    lines, failed = [], False
    for name in args.only:
        parts, augmentations, bar, check = VARIANTS[name]
        start = time.monotonic()
        model, source = train(parts, augmentations, args.steps)
        seconds = time.monotonic() - start
        audit = kmm.evaluation.audit_language(model, source, "test", limit=args.limit, verbose=0)
        print(f"{name} ({seconds:.0f} s of training)", *(v["sentence"] for v in audit["verdicts"].values()), sep="\n  ")
        if args.output:
            args.output.mkdir(parents=True, exist_ok=True)
            stem = args.output / name.replace(",", "").replace(" ", "_")
            stem.with_suffix(".json").write_text(json.dumps(audit, indent=2))
            kmm.visualization.plot_audit(audit, stem.with_suffix(".png"), title=name)
        failed |= not check(audit)
        rows = [audit["conditions"][key] for key in ("true", "shuffled", "sides_swapped")]
        scores = [f"{rows[0]['score']:.3f}", f"{rows[1]['score']:.3f}", f"{rows[1]['gap']:.3f}"]
        scores += [f"{rows[2]['true_score']:.3f}", f"{rows[2]['score']:.3f}"]
        lines.append(f"| {name} | {' | '.join(scores)} | {bar} | {'yes' if check(audit) else 'NO'} |")
    print("\n| trained with | true words | other pictures' | gap | true side | sides swapped | expected | met |")
    print("|---|---|---|---|---|---|---|---|", *lines, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
