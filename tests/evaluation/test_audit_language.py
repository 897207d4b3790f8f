import importlib
import json
import types

import keras
import numpy as np
import pytest

from kmm import data, decoders, encoders, fusion, heads, models
from kmm.evaluation import SampleScores, audit_language
from kmm.evaluation.audit_report import audit_table
from kmm.preprocessing import PromptTokenizer

PICTURES = 12
OBJECTS = ("the red cup on the left", "the blue jug on the right", "the two small pots")


def stub_collector(answer):
    """Instead of `SampleCollector`: three objects in each picture, all of 100 pixels; `answer` says which is found.

    `answer` is a function from a prompt to the object that the model takes it for, `None` for nothing.
    """

    class StubCollector:
        def __init__(self, model, source, split, num_prompts, batch_size, limit=None, verbose=1):
            self.num_prompts, self.batch_size, self.verbose, self.tokenizer = num_prompts, batch_size, verbose, "any"
            pictures = range(PICTURES if limit is None else limit)
            # in one half of the pictures the order is another, so that the prompts of the other half are wrong
            self.prompts = tuple(OBJECTS if k < PICTURES // 2 else OBJECTS[::-1] for k in pictures)
            self.targets = ((0, 1, 2),) * len(self.prompts)

        def collect(self, prompts=None, change_image=None, title=None):
            rows = []
            for own, asked in zip(self.prompts, prompts or self.prompts, strict=True):
                for truth, text in zip(own, asked, strict=True):
                    found = answer(text)
                    right = 100.0 * (found == truth)
                    rows.append([[900.0, 100.0 * (found is not None) - right], [100 - right, right]])
            count = len(self.prompts)
            return SampleScores(
                "referring",
                ("background", "target"),
                np.repeat(np.arange(count), 3),
                tuple(text for own in prompts or self.prompts for text in own),
                ("attribute",) * (3 * count),
                np.array(rows),
                np.zeros((3 * count, 2, 100)),
            )

    return StubCollector


def audit(monkeypatch, answer, **options):
    module = importlib.import_module("kmm.evaluation.audit_language")
    monkeypatch.setattr(module, "SampleCollector", stub_collector(answer))
    source = types.SimpleNamespace(task="referring", class_names=())
    result = audit_language(None, source, "val", **options)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert audit_table(result)
    return result


def reads_everything(prompt):
    return next((text for text in OBJECTS if text == prompt), None)


def reads_nouns(prompt):
    """Needs the noun alone, so sides and colours change nothing."""
    return next((text for text, noun in zip(OBJECTS, ("cup", "jug", "pots"), strict=True) if noun in prompt), None)


def reads_sides(prompt):
    """Takes the side alone for what is meant."""
    return next((text for text, side in zip(OBJECTS, ("left", "right", "two"), strict=True) if side in prompt), None)


def answers(result):
    return {name: verdict["answer"] for name, verdict in result["verdicts"].items()}


def gaps(result):
    rows = result["conditions"].items()
    return {name: (row["true_score"], row["score"], row["num_samples"]) for name, row in rows if name != "true"}


def test_a_reader(monkeypatch):
    result = audit(monkeypatch, reads_everything)
    assert answers(result) == {"text": "yes", "sides": "yes"}
    assert result["conditions"]["true"]["score"] == 1 and result["conditions"]["true"]["num_samples"] == 36
    assert gaps(result) == {
        "shuffled": (1, 0, 36),
        "wrong_object": (1, 0, 36),
        "blank": (1, 0, 36),
        "sides_swapped": (1, 0, 24),
        "word_dropped": (1, 0, 192),
    }
    assert result["language_gap"] == 1 and result["num_pictures"] == PICTURES
    sentence = "The model uses its text: overall IoU 1.00 with, 0.00 with the words of other pictures"
    assert sentence in result["verdicts"]["text"]["sentence"]


def test_a_model_that_answers_the_same_whatever_is_said(monkeypatch):
    result = audit(monkeypatch, lambda prompt: OBJECTS[0])
    assert answers(result) == {"text": "no", "sides": "no"}
    assert result["language_gap"] == 0 and {row["gap"] for row in result["conditions"].values() if "gap" in row} == {0}
    assert "does not use its text: overall IoU 0.20 with, 0.20" in result["verdicts"]["text"]["sentence"]
    assert all(row["drop"] == 0 for row in (*result["words"], *result["word_kinds"]))


def test_nouns_without_sides(monkeypatch):
    result = audit(monkeypatch, reads_nouns)
    assert answers(result) == {"text": "yes", "sides": "no"}
    assert "does not tell left from right: 1.00 with the true side, 1.00" in result["verdicts"]["sides"]["sentence"]
    drops = {row["word"]: row["drop"] for row in result["words"]}
    assert drops["cup"] == drops["jug"] == 1 and drops["red"] == drops["left"] == drops["the"] == 0
    kinds = {row["kind"]: row["drop"] for row in result["word_kinds"]}
    assert kinds["colour"] == kinds["position"] == kinds["number"] == 0 and kinds["class"] > 0.9


def test_sides_the_wrong_way_round(monkeypatch):
    swap = {"left": "right", "right": "left"}
    result = audit(monkeypatch, lambda text: reads_sides(" ".join(swap.get(word, word) for word in text.split())))
    assert answers(result)["sides"] == "wrong way round"
    row = result["conditions"]["sides_swapped"]
    assert row["true_score"] == 0 and row["score"] == 1 and row["gap_interval"] == [-1, -1]


def test_words_are_counted_where_they_stand(monkeypatch):
    result = audit(monkeypatch, reads_everything, word_limit=6)
    words = {row["word"]: row for row in result["words"]}
    assert words["the"]["num_samples"] == 18 + 12 and words["two"]["num_samples"] == 6
    assert list(words)[0] == "the" and words["two"]["kind"] == "number"
    assert result["conditions"]["word_dropped"]["num_samples"] == sum(row["num_samples"] for row in result["words"])
    assert result["conditions"]["word_dropped"]["num_samples"] == 6 * (6 + 6 + 4)


def test_without_leaving_words_out(monkeypatch):
    result = audit(monkeypatch, reads_everything, word_limit=0)
    assert result["words"] == [] and "word_dropped" not in result["conditions"]
    fewer = audit(monkeypatch, reads_everything, max_words=2, word_limit=None)
    assert fewer["conditions"]["word_dropped"]["num_samples"] == 36 * 2


@pytest.mark.parametrize("options", [{"max_words": 0}, {"word_limit": -1}])
def test_errors(monkeypatch, options):
    with pytest.raises(ValueError, match="At least one word is left out.*Received: max_words="):
        audit(monkeypatch, reads_everything, **options)


class DeafFusion(fusion.Fusion):
    """Takes words and ignores them."""

    def build(self, image_features_shape, *shapes):
        self.project = keras.layers.Conv2D(self.filters, 1, name="project")
        self.project.build(image_features_shape)

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        return self.project(image_features)


def test_an_image_only_model_dressed_as_text_guided():
    """A real model with a text encoder whose words have no effect."""
    source = data.ShapesSource(image_size=(32, 32), num_val=8)
    tokenizer = PromptTokenizer.adapt(source.prompts("train", limit=100), sequence_length=8)
    model = models.MultimodalModel(
        image_encoder=encoders.ConvImageEncoder((32, 32), widths=(4, 4)),
        context_encoders={"text": encoders.LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=4, units=4)},
        fusions={"P2": DeafFusion(filters=4)},
        decoder=decoders.FCNDecoder(filters=4, levels=("P2",)),
        heads={"segmentation_masks": heads.SegmentationHead(num_classes=1)},
        prompt_tokenizer=tokenizer,
    )
    result = audit_language(model, source, "val", num_prompts=3, word_limit=0, verbose=0)
    assert result["verdicts"]["text"]["answer"] == "no"
    assert all(row["gap"] in (0, None) for row in result["conditions"].values() if "gap" in row)
    sentence = result["verdicts"]["text"]["sentence"]
    assert sentence.startswith("The model does not use its text: overall IoU ")


@pytest.mark.slow
def test_words_are_left_out_of_some_pictures_alone(referring_model, shapes):
    """A second collection of fewer pictures meets the samples of the first."""
    result = audit_language(referring_model, shapes, "val", word_limit=2, max_words=2, verbose=0)
    assert result["num_pictures"] == 5 and result["conditions"]["word_dropped"]["num_pictures"] == 2
    all_pictures = audit_language(referring_model, shapes, "val", limit=2, word_limit=None, max_words=2, verbose=0)
    for key in ("words", "word_kinds"):
        assert result[key] == all_pictures[key]
    assert any(row["drop"] for row in result["words"]), "the words must count in this test"


@pytest.mark.slow
def test_semantic_models(semantic_model, streets):
    result = audit_language(semantic_model, streets, "val", verbose=0)
    assert set(result["conditions"]) == {"true", "shuffled", "blank", "sides_swapped", "word_dropped"}
    assert result["score_name"] == "mean_iou" and result["conditions"]["sides_swapped"]["score"] is None
    assert answers(result) == {"text": "unclear", "sides": "unclear"}, "five pictures are too few"
    assert result["conditions"]["shuffled"]["gap"] != 0
    assert "no prompt says left or right" in result["verdicts"]["sides"]["sentence"]
    assert audit_table(result)


def test_a_model_of_images_alone(make_model, streets):
    result = audit_language(make_model(3), streets, "val", verbose=0)
    assert answers(result) == {"text": "no words", "sides": "no words"}
    assert set(result["conditions"]) == {"true"} and result["language_gap"] == 0 and result["words"] == []
