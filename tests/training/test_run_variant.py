import pytest

from kmm.training import run_variant as module
from kmm.training.run_variant import run_variant
from kmm.training.settings import make_settings


@pytest.mark.slow
def test_trains_for_its_steps_and_scores(scenes, tiny_preset, monkeypatch):
    asked = {}

    def evaluate(model, source, split, **options):
        asked.update(options, split=split, steps=int(model.steps))
        return {"overall_iou": 0.5}

    def compile_model(model, settings, total_steps, steps_at_once, loss, scores):
        trained = real_compile(model, settings, total_steps, steps_at_once, loss, scores)
        model.steps = trained.optimizer.iterations
        return trained

    real_compile = module.compile_model
    monkeypatch.setattr(module, "compile_model", compile_model)
    monkeypatch.setattr(module.evaluation, "evaluate", evaluate)
    parts = {"prompt_tokenizer": None}  # quick to compile
    settings = {**make_settings(scenes, tiny_preset, "float32"), "steps": 5, "parts": parts}
    result = run_variant(scenes, settings, limit=3)
    assert asked == {"split": "test", "batch_size": 2, "limit": 3, "verbose": 0, "steps": 5}, "more than an epoch"
    assert result["scores"] == {"overall_iou": 0.5} and result["parameters"] > 100 and result["split"] == "test"


@pytest.mark.slow
def test_a_training_that_diverges_is_stopped(scenes, tiny_preset):
    parts = {"prompt_tokenizer": None}
    settings = {**make_settings(scenes, tiny_preset, "float32", learning_rate=1e30), "steps": 30, "parts": parts}
    with pytest.raises(FloatingPointError, match="The loss must be finite. Received: loss=nan after [0-9]+ steps"):
        run_variant(scenes, settings)


@pytest.mark.slow
def test_data_come_without_what_the_settings_leave_out(scenes, tiny_preset, monkeypatch):
    class Seen(Exception):
        pass

    def prepare_data(model, source, settings, class_weights):
        example = source.example("train", 0, num_prompts=2)
        raise Seen(set(example.prompts), set(example.image.ravel().tolist()), model.prompt_tokenizer.vocabulary)

    monkeypatch.setattr(module, "prepare_data", prepare_data)
    settings = make_settings(scenes, tiny_preset, "float32")
    found = []
    for without in ([], ["prompts"], ["images"]):
        with pytest.raises(Seen) as seen:
            run_variant(scenes, {**settings, "steps": 1, "without": without})
        found.append(seen.value.args)
    assert [("" in prompts, len(colors) == 1) for prompts, colors, _ in found] == [(0, 0), (1, 0), (0, 1)]
    assert found[0][2] == found[1][2] == found[2][2], "one vocabulary, so one net"
