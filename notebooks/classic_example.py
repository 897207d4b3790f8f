"""The classic example, running: a CNN branch and an Embedding + LSTM branch, Concatenate, an FCN, 21 classes.

Its four functions keep the names under which it is usually shown: `build_cnn`, `build_rnn`, `build_fcn` and
`build_full_model`. Run it with `python notebooks/classic_example.py`; it trains on pictures drawn here, each a field of
one colour with a square of another class whose place the sentence tells.
"""

import keras
import numpy as np

import kmm


def build_cnn(image_size):
    """Convolutions of 32, 64 and 128 filters, each followed by max pooling; the map stays a map."""
    plain = {"blocks": 0, "downsampling": "max_pooling", "normalization": False, "image_shortcut": False}
    return kmm.encoders.ConvImageEncoder(image_size, widths=(32, 64, 128), **plain)


def build_rnn(vocabulary_size):
    """Embedding of 128 numbers and an LSTM of 128 units."""
    return kmm.encoders.LSTMTextEncoder(vocabulary_size, embedding_dim=128, units=128)


def build_fcn():
    """What turns the joined map into one map for the classifier."""
    return kmm.decoders.FCNDecoder(filters=128, levels=("P3",))


def build_full_model(image_size=(224, 224), vocabulary_size=8000, num_classes=21):
    """Both branches, joined by concatenation where the image branch has stride 8."""
    model = kmm.models.MultimodalModel(
        image_encoder=build_cnn(image_size),
        context_encoders={"text": build_rnn(vocabulary_size)},
        fusions={"P3": kmm.fusion.ConcatFusion(filters=256)},
        decoder=build_fcn(),
        heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes)},
    )
    model.compile("adam", loss=kmm.losses.SegmentationCrossEntropy(), metrics=kmm.metrics.semantic_metrics(num_classes))
    return model


def draw_examples(count, image_size, num_classes, seed=0):
    """Squares of random classes whose class only the sentence tells: "class seven on the left"."""
    rng = np.random.default_rng(seed)
    height, width = image_size
    images = np.full((count, height, width, 3), 120, "uint8") + rng.integers(0, 20, (count, height, width, 3), "uint8")
    masks, prompts = np.zeros((count, height, width), "uint8"), []
    for image, mask in zip(images, masks, strict=True):
        number, left = int(rng.integers(1, num_classes)), bool(rng.integers(2))
        columns = slice(width // 8, 3 * width // 8) if left else slice(5 * width // 8, 7 * width // 8)
        image[height // 4 : height // 2, columns] = 220
        mask[height // 4 : height // 2, columns] = number
        prompts.append(f"class {number} on the {'left' if left else 'right'}")
    return images, prompts, masks


def main(image_size=(224, 224), num_classes=21, count=64, epochs=2):
    """Train the model and return the history."""
    images, prompts, masks = draw_examples(count, image_size, num_classes)
    tokenizer = kmm.preprocessing.PromptTokenizer.adapt(prompts, sequence_length=8)
    model = build_full_model(image_size, tokenizer.vocabulary_size, num_classes)
    model.summary()
    return model.fit({"images": images, **tokenizer(prompts)}, masks, batch_size=8, epochs=epochs)


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    main()
