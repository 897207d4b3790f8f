import numpy as np
import pytest

from kmm import data, decoders, encoders, fusion, heads, models
from kmm.evaluation import SampleScores
from kmm.preprocessing import PromptTokenizer


class StreetSource:
    """Three classes, ignored pixels, and a description that says nothing true; every picture differs."""

    name, task, class_names, splits = "streets", "semantic", ("sky", "road", "car"), ("val", "empty", "wrong")

    def num_examples(self, split):
        return {"val": 5, "empty": 0, "wrong": 1}[split]

    def example(self, split, index, epoch=0, num_prompts=1):
        random = np.random.default_rng((index, epoch))
        mask = random.choice(np.array([0, 0, 1, 2, 255], "uint8"), (32, 32))
        mask[:16] = 0
        mask[0, 0] = 9 if split == "wrong" else 0
        prompts = tuple(f"street number {index} {k}" for k in range(num_prompts))
        image = random.integers(0, 256, (32, 32, 3), "uint8")
        return data.Example(image, prompts, np.repeat(mask[None], num_prompts, 0), ("description",) * num_prompts)


def build_model(num_classes, words=(), seed=1):
    """Untrained, but with weights large enough for the words to change the answer."""
    tokenizer = PromptTokenizer.adapt(words, sequence_length=12) if words else None
    texts = {}
    if words:
        texts["text"] = encoders.LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=8, units=8)
    model = models.MultimodalModel(
        image_encoder=encoders.ConvImageEncoder((32, 32), widths=(4, 8)),
        decoder=decoders.FCNDecoder(filters=4, levels=("P2",)),
        heads={"segmentation_masks": heads.SegmentationHead(num_classes)},
        context_encoders=texts,
        fusions={"P2": fusion.ConcatFusion(filters=8)} if words else {},
        prompt_tokenizer=tokenizer,
    )
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if "kernel" in weight.path or "embeddings" in weight.path:
            weight.assign(random.normal(0.0, 0.7, weight.shape))
    return model


@pytest.fixture(scope="session")
def make_model():
    return build_model


@pytest.fixture(scope="session")
def shapes():
    return data.ShapesSource(image_size=(32, 32), num_val=5)


@pytest.fixture(scope="session")
def streets():
    return StreetSource()


@pytest.fixture(scope="session")
def referring_model(shapes):
    return build_model(1, shapes.prompts("train", limit=100))


@pytest.fixture(scope="session")
def semantic_model():
    return build_model(3, ["street number 0 1 2 3 4"], seed=2)


@pytest.fixture(scope="session")
def ask():
    """What a model says to prompts, asked one by one, as NumPy knows it."""

    def ask(model, image, prompts):
        inputs = {"images": np.repeat(image[None], len(prompts), axis=0)}
        inputs.update({name: words.numpy() for name, words in model.prompt_tokenizer(list(prompts)).items()})
        return np.asarray(model(inputs, training=False))

    return ask


@pytest.fixture(scope="session")
def scores_of():
    """Makes scores of samples of 100 pixels, each of a picture of its own, with all answers right."""

    def scores_of(prompts, areas=None, kinds=None, task="referring"):
        confusion = np.zeros((len(prompts), 2, 2))
        confusion[:, 1, 1] = [50] * len(prompts) if areas is None else areas
        confusion[:, 0, 0] = 100 - confusion[:, 1, 1]
        kinds = tuple(kinds or ["thing"] * len(prompts))
        pictures, histograms = np.arange(len(prompts)), np.zeros((len(prompts), 2, 100))
        return SampleScores(task, ("background", "target"), pictures, tuple(prompts), kinds, confusion, histograms)

    return scores_of
