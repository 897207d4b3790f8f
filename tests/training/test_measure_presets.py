from kmm.training import measure_presets as module
from kmm.training.measure_presets import example_model, measure_presets


def test_examples_have_the_classes_and_words_of_their_preset(monkeypatch, tiny_preset):
    model = example_model(tiny_preset, "float32")
    assert model.num_classes == 1 and model.prompt_tokenizer.vocabulary_size > 100
    assert example_model("semantic_image_only").num_classes == 10
    assert example_model("classic_fcn").num_classes == 21


def test_figures(monkeypatch, tiny_preset):
    def measure_speed(jobs, rounds, failed):
        model, settings = jobs[tiny_preset]()
        assert settings["batch_size"] == 2 and rounds == 3 and failed is None
        return {tiny_preset: {"latency_ms": 1.0}}

    monkeypatch.setattr(module, "measure_speed", measure_speed)
    figures = measure_presets([tiny_preset], rounds=3)
    assert figures == {tiny_preset: {"parameters": example_model(tiny_preset).count_params(), "latency_ms": 1.0}}
