import numpy as np
import pytest

from kmm.data import Example
from kmm.fusion import CrossAttentionFusion
from kmm.training import BranchAdamW, class_weights_from
from kmm.training.prepare_run import build_model, class_weights_of, compile_model, prepare_data, scored_split
from kmm.training.settings import make_settings


def settings_of(scenes, preset, **replaced):
    return {**make_settings(scenes, preset, "float32"), **replaced}


def test_parts_replace_the_presets_own(scenes, tiny_preset):
    parts = {"fusion": ["CrossAttentionFusion", {"num_heads": 2}], "fusion_levels": ["P2"]}
    model = build_model(scenes, settings_of(scenes, tiny_preset, parts=parts))
    assert isinstance(model.fusions["P2"], CrossAttentionFusion) and model.fusions["P2"].num_heads == 2
    assert model.prompt_tokenizer.vocabulary_size > 20, "learned from the phrases of the training split"


def test_a_model_without_words(scenes, tiny_preset):
    settings = settings_of(scenes, tiny_preset, parts={"prompt_tokenizer": None})
    model = build_model(scenes, settings)
    assert model.prompt_tokenizer is None and model.context_keys == ()
    inputs, masks = next(iter(prepare_data(model, scenes, settings)[0](first_step=0)))
    assert set(inputs) == {"images"} and masks.shape == (2, 2, 16, 16)


def test_the_recipe_can_name_the_tokenizer(scenes, tiny_preset, monkeypatch):
    from kmm import preprocessing

    class OtherTokenizer(preprocessing.PromptTokenizer):
        pass

    monkeypatch.setattr(preprocessing, "OtherTokenizer", OtherTokenizer, raising=False)
    model = build_model(scenes, settings_of(scenes, tiny_preset, tokenizer="OtherTokenizer"))
    longest = max(len(prompt.split()) for prompt in scenes.prompts("train"))
    assert isinstance(model.prompt_tokenizer, OtherTokenizer)
    assert model.prompt_tokenizer.sequence_length == 2 * longest + 2, "words may fall into pieces"


def test_unknown_part(scenes, tiny_preset):
    with pytest.raises(ValueError, match="A part of kmm.fusion is one of .*Received: 'ConcattFusion'"):
        build_model(scenes, settings_of(scenes, tiny_preset, parts={"fusion": "ConcattFusion"}))


def test_several_prompts_share_a_picture_and_the_weights(scenes, tiny_preset):
    settings = settings_of(scenes, tiny_preset)
    model = build_model(scenes, settings)
    train_data, val_data, loss, scores = prepare_data(model, scenes, settings)
    trained = compile_model(model, settings, total_steps=40, steps_at_once=6, loss=loss, scores=scores)
    assert trained.steps_per_execution == 2 and val_data is not None
    assert trained.trainable_variables[0] is model.trainable_variables[0]
    schedule = trained.optimizer._learning_rate
    rates = [float(schedule(step)) for step in (0, 4, 40)]
    np.testing.assert_allclose(rates, [1e-4, 2e-3, 0], rtol=1e-5, err_msg="a tenth of the steps is warm-up")


def test_parts_learn_at_rates_of_their_own(scenes, tiny_preset):
    settings = settings_of(scenes, tiny_preset, learning_rate_factors={"image_encoder": 0, "text_encoder": 0.25})
    model = build_model(scenes, settings)
    assert not model.image_encoder.trainable and model.context_encoders["text"].trainable
    loss = prepare_data(model, scenes, settings)[2]
    trained = compile_model(model, settings, total_steps=40, steps_at_once=1, loss=loss, scores=None)
    assert isinstance(trained.optimizer, BranchAdamW) and set(trained.optimizer.multipliers.values()) == {0.25}
    trained.optimizer.build(trained.trainable_variables)
    owned = {id(variable) for variable in model.context_encoders["text"].trainable_variables}
    slow = [id(v) in owned for v in trained.trainable_variables]
    assert [factor == 0.25 for factor in trained.optimizer._factors] == slow and any(slow) and not all(slow)


def test_unknown_part_of_a_factor(scenes, tiny_preset):
    settings = settings_of(scenes, tiny_preset, learning_rate_factors={"picture_encoder": 0.1})
    with pytest.raises(ValueError, match="no part of that name. Received: 'picture_encoder'"):
        build_model(scenes, settings)


def test_the_loss_that_was_named_under_the_weights_that_were_named(scenes, tiny_preset):
    settings = settings_of(scenes, tiny_preset, parts={"prompt_tokenizer": None})
    model = build_model(scenes, settings)

    def loss_under(**given):
        return prepare_data(model, scenes, {**settings, **given})[2]

    focal = loss_under(loss=["BinaryFocal", {"gamma": 1.0}], class_weights="inverse")
    weights = class_weights_from(scenes, method="inverse")
    assert focal.gamma == 1.0 and focal.positive_weight == weights[1] / weights[0] > 5
    assert class_weights_of(scenes, settings) is None, "by default targets are not weighed"
    with pytest.raises(ValueError, match="The loss must take weights of classes to be weighed. Received: 'BinaryDice'"):
        loss_under(loss="BinaryDice", class_weights="median")


@pytest.mark.slow
def test_class_weights_are_not_counted_twice():
    class Uncounted:
        name, task, class_names, splits = "streets", "semantic", ("sky", "road"), ("train", "val")

        def num_examples(self, split):
            return 2

        def example(self, split, index, epoch=0, num_prompts=1):
            return Example(np.zeros((16, 16, 3), np.uint8), ("a street",), np.zeros((1, 16, 16), np.uint8), ("scene",))

        def prompts(self, split, limit=2000):
            return ["a street"]

    settings = {**make_settings(Uncounted(), "semantic", "float32", batch_size=1, image_size=(32, 32))}
    settings["parts"] = {"prompt_tokenizer": None}
    model = build_model(Uncounted(), settings)
    loss = prepare_data(model, Uncounted(), settings, class_weights=[1.0, 3.0])[2]
    assert list(loss.get_config()["class_weights"]) == [1.0, 3.0]
    assert class_weights_of(Uncounted(), {**settings, "class_weights": "none"}) is None


def test_scored_split(scenes):
    assert scored_split(scenes) == "test"
    scenes.splits = ("train", "val")
    assert scored_split(scenes) == "val"
