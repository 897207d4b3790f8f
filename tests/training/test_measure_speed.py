import pytest

from kmm import models
from kmm.preprocessing import PromptTokenizer
from kmm.training import measure_speed as module
from kmm.training.measure_speed import measure_speed

SETTINGS = {"batch_size": 2, "num_prompts": 2, "learning_rate": 1e-3, "weight_decay": 0.0}


def small(num_classes=1, words=True):
    tokenizer = PromptTokenizer(["red", "left"], sequence_length=4) if words else None
    encoder = ("ConvImageEncoder", {"widths": (4, 4), "blocks": 0})
    return models.segmenter((16, 16), num_classes, tokenizer, image_encoder=encoder, fusion="ConcatFusion")


def test_in_turns(monkeypatch):
    """The order of the measurements, and medians over the rounds."""
    order = []

    class Measured:
        def __init__(self, model, settings, folder):
            self.name = model

        def measure(self):
            order.append(self.name)

        def result(self):
            return self.name

    monkeypatch.setattr(module, "_Measured", Measured)
    assert measure_speed({"a": lambda: ("A", {}), "b": lambda: ("B", {})}, rounds=2) == {"a": "A", "b": "B"}
    assert order == ["A", "B", "A", "B"]


def test_medians():
    one = module._Measured.__new__(module._Measured)
    one.batch_size, one.step_seconds, one.answer_seconds = 4, [0.5, 9.0, 0.1], [0.002, 0.004, 0.1]
    assert one.result() == {"training_images_per_second": 8.0, "latency_ms": 4.0}


@pytest.mark.slow
def test_without_words_several_classes_and_one_that_fails():
    failures = []

    def broken():
        raise ValueError("no such part")

    jobs = {"bad": broken, "good": lambda: (small(num_classes=3, words=False), {**SETTINGS, "num_prompts": None})}
    speeds = measure_speed(jobs, rounds=1, failed=lambda name, error: failures.append((name, str(error))))
    assert failures == [("bad", "no such part")] and set(speeds) == {"good"}
    assert speeds["good"]["latency_ms"] > 0 and speeds["good"]["training_images_per_second"] > 0
    with pytest.raises(ValueError, match="no such part"):
        measure_speed({"bad": broken})


@pytest.mark.slow
def test_with_several_prompts():
    assert measure_speed({"words": lambda: (small(), SETTINGS)}, rounds=2)["words"]["training_images_per_second"] > 0
