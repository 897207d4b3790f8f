import io
import math

import numpy as np
import pytest
from PIL import Image

from kmm.serving import Answer, EncodedPicture, ServingError
from kmm.serving.client.model_address import ModelAddress
from kmm.serving.client.request_plans import RequestPlans

ADDRESS = ModelAddress("http://127.0.0.1:8501", "kmm")
STRING, FLOAT = {"dtype": "string", "shape": (None,)}, {"dtype": "float32", "shape": (None,)}
UINT8, INT32 = {"dtype": "uint8", "shape": (None,)}, {"dtype": "int32", "shape": (None,)}
ANSWERED = {"score": FLOAT, "present": UINT8, "mask_png_bytes": STRING, "num_classes": INT32, "status": STRING}


def signatures(names=("segment", "encode_image", "ask"), with_words=True, num_classes=1):
    """What a server says about an export."""
    words = {"prompt": STRING} if with_words else {}
    level = {"dtype": "float32", "shape": (None, 2, 2, 3)}
    known = {
        "serving_default": {
            "inputs": {"image_bytes": STRING, **words},
            "outputs": {n: ANSWERED[n] for n in ("score", "mask_png_bytes")},
        },
        "segment": {"inputs": {"image_bytes": STRING, "threshold": FLOAT, **words}, "outputs": ANSWERED},
        "encode_image": {
            "inputs": {"image_bytes": STRING},
            "outputs": {"P2": level, "image_size": {"dtype": "int32", "shape": (None, 2)}, "status": STRING},
        },
        "ask": {
            "inputs": {"P2": level, **words},
            "outputs": {"mask": {"dtype": "uint8", "shape": (None, 2, 2)}, "score": FLOAT, "present": UINT8},
        },
    }
    logits = {"outputs": {"logits": {"dtype": "float32", "shape": (None, 2, 2, num_classes)}}, "inputs": {}}
    return {"serving_default": known["serving_default"], "predict_tensors": logits} | {n: known[n] for n in names}


class FakeTransport:
    """A server whose masks are as wide as the picture's bytes are many; notes what it is asked."""

    def __init__(self, known=None, version=1):
        self.known, self.version, self.asked = known or signatures(), version, []
        self.states, self.error, self.num_classes = [], None, 1

    def metadata(self, timeout):
        self.asked.append("metadata")
        return {"version": self.version, "signatures": self.known}

    def status(self, timeout):
        self.asked.append("status")
        return self.states.pop(0)

    def predict(self, signature_name, inputs, output_names, signature, timeout):
        name = signature_name
        self.asked.append((name, inputs, output_names))
        if self.error is not None:
            error, self.error = self.error(name, inputs), None
            if error is not None:
                raise error
        if name not in self.known:
            raise ServingError("INVALID_ARGUMENT", f"no signature {name}", str(ADDRESS))
        count = len(inputs["prompt"] if "prompt" in inputs else inputs["image_bytes"])
        if name == "encode_image":
            size, level = np.array([[4, 6]], "int64"), np.ones((1, 2, 2, 3), "float64")
            return {"P2": level, "image_size": size, "status": self._statuses(inputs)}
        if name == "ask":
            mask = np.ones((count, 2, 2), "int64")
            return {"mask": mask, "score": np.ones(count), "present": np.ones(count)}
        images = inputs["image_bytes"]
        outputs = {
            "score": np.ones(count),
            "present": np.ones(count, "int64"),
            "mask_png_bytes": strings([b"" if image == b"bad" else png(len(image)) for image in images]),
            "num_classes": np.full(count, self.num_classes),
            "status": self._statuses(inputs),
        }
        return {name: outputs[name] for name in output_names if name in self.known[signature_name]["outputs"]}

    def _statuses(self, inputs):
        return strings([b"DAMAGED: it is." if image == b"bad" else b"OK" for image in inputs["image_bytes"]])


def png(width):
    buffer = io.BytesIO()
    Image.fromarray(np.full((1, width), 255, "uint8")).save(buffer, "PNG")
    return buffer.getvalue()


def strings(values):
    return np.array([*values, None], object)[:-1]


def run(plan, transport):
    """Runs a plan as `Client` does, without trying again."""
    try:
        step = next(plan)
        while True:
            try:
                result = step.call(transport, 5.0)
                step.check(result)
            except (ServingError, ValueError) as error:
                step = plan.throw(error)
            else:
                step = plan.send(result)
    except StopIteration as stop:
        return stop.value


def make_plans(max_rows=32, max_bytes=1000):
    return RequestPlans(ADDRESS, max_rows, max_bytes)


def test_segment():
    transport = FakeTransport()
    answer = run(make_plans().segment(b"image", ["the car", "left"], 0.25), transport)
    assert isinstance(answer, Answer) and answer.masks.tolist() == [[[1] * 5]] * 2 and answer.ok
    assert answer.present.dtype == bool and answer.scores.dtype == "float32"
    name, inputs, output_names = transport.asked[1]
    assert name == "segment" and output_names == ["score", "present", "mask_png_bytes", "num_classes", "status"]
    assert inputs["image_bytes"] == [b"image"] * 2 and inputs["prompt"] == [b"the car", b"left"]
    assert inputs["threshold"].dtype == "float32" and inputs["threshold"].tolist() == [0.25, 0.25]


def test_the_threshold_of_the_export():
    transport = FakeTransport()
    run(make_plans().segment(b"image", "left", None), transport)
    assert transport.asked[1][1]["threshold"].tolist() == [-1.0]


def without_num_classes(num_classes):
    """Signatures of an export whose answers do not say how many classes there are."""
    known = signatures(num_classes=num_classes)
    outputs = {name: spec for name, spec in ANSWERED.items() if name != "num_classes"}
    return known | {"segment": known["segment"] | {"outputs": outputs}}


@pytest.mark.parametrize("names", [("segment",), ()])
def test_class_ids_stay(names):
    known = without_num_classes(256)
    transport = FakeTransport({name: known[name] for name in ("serving_default", "predict_tensors", *names)})
    assert run(make_plans().segment(b"image", "left", None), transport).masks.tolist() == [[[255] * 5]]


def test_another_version_with_other_classes():
    transport, plans = FakeTransport(), make_plans(max_rows=1)
    assert run(plans.segment(b"image", "left", None), transport).masks.tolist() == [[[1] * 5]]
    transport.version, transport.num_classes, transport.known = 2, 256, signatures(num_classes=256)
    assert run(plans.segment(b"image", "left", None), transport).masks.tolist() == [[[255] * 5]]
    assert transport.asked.count("metadata") == 1, "the metadata known are those of version 1"


@pytest.mark.parametrize("num_classes", [1, 256])
def test_another_version_whose_answers_do_not_say_their_classes(num_classes):
    transport, plans = FakeTransport(), make_plans()
    run(plans.segment(b"image", "left", None), transport)
    transport.version, transport.known = 2, without_num_classes(num_classes)
    masks = run(plans.segment(b"image", "left", None), transport).masks
    assert masks.tolist() == [[[1 if num_classes == 1 else 255] * 5]] and transport.asked.count("metadata") == 2


def test_models_without_words():
    transport = FakeTransport(signatures(with_words=False))
    assert run(make_plans().segment(b"image", None, None), transport).masks.shape == (1, 1, 5)
    assert sorted(transport.asked[1][1]) == ["image_bytes", "threshold"]
    with pytest.raises(ValueError, match="The model must read words"):
        run(make_plans().segment(b"image", ["car"], None), transport)


def test_many_are_split_and_joined():
    transport = FakeTransport()
    pairs = [(b"a" * size, ["x"] * count) for size, count in ((10, 3), (600, 1), (600, 2), (2000, 1))]
    answers = run(make_plans(max_rows=2).segment_many(pairs, None), transport)
    assert [answer.masks.shape for answer in answers] == [(3, 1, 10), (1, 1, 600), (2, 1, 600), (1, 1, 2000)]
    sent = [[len(image) for image in request[1]["image_bytes"]] for request in transport.asked[1:]]
    assert sent == [[10, 10], [10, 600], [600], [600], [2000]]


def test_nothing_is_asked_about_nothing():
    transport = FakeTransport()
    assert run(make_plans().segment_many([], None), transport) == [] and transport.asked == ["metadata"]


def test_bad_pictures():
    transport = FakeTransport()
    good, bad = run(make_plans().segment_many([(b"good", "x"), (b"bad", ["x", "y"])], None), transport)
    assert good.ok and bad.statuses == ("DAMAGED: it is.",) * 2 and bad.masks.shape == (2, 0, 0)
    with pytest.raises(ValueError, match="must be able to read the picture. Received: DAMAGED: it is. Send a whole"):
        run(make_plans().segment(b"bad", "x", None), transport)
    with pytest.raises(ValueError, match="must be able to read the picture. Received: DAMAGED"):
        run(make_plans().encode_image(b"bad"), transport)


def test_exports_without_the_signature_segment():
    transport = FakeTransport(signatures(()))
    answer = run(make_plans().segment(b"image", ["car"], None), transport)
    assert answer.masks.shape == (1, 1, 5) and answer.ok and answer.present.tolist() == [True]
    assert transport.asked[1][0] == "serving_default"
    with pytest.raises(ValueError, match="must take thresholds. Received: threshold=0.5"):
        run(make_plans().segment(b"image", ["car"], 0.5), transport)
    with pytest.raises(ValueError, match="A signature must be one of .*Received: 'encode_image'"):
        run(make_plans().encode_image(b"image"), transport)


def test_encode_once_and_ask_often():
    transport, plans = FakeTransport(), make_plans(max_rows=2)
    picture = run(plans.encode_image(b"image"), transport)
    assert isinstance(picture, EncodedPicture) and picture.image_size == (4, 6)
    assert list(picture.features) == ["P2"] and picture.features["P2"].dtype == "float32"
    answer = run(plans.ask(picture, ["a", "b", "c"]), transport)
    assert answer.masks.shape == (3, 4, 6) and answer.masks.dtype == "uint8" and answer.ok
    assert [len(request[1]["prompt"]) for request in transport.asked[2:]] == [2, 1]
    assert all(len(request[1]["P2"]) == 1 for request in transport.asked[2:])
    with pytest.raises(TypeError, match="must be encoded first. Received: bytes"):
        run(plans.ask(b"image", ["a"]), transport)


def test_servers_that_want_equal_numbers_of_rows_get_them():
    def refuse(name, inputs):
        equal = len(inputs["P2"]) == len(inputs["prompt"])
        return None if equal else ServingError("INVALID_ARGUMENT", "equal 0th-dimension size", str(ADDRESS))

    transport, plans = FakeTransport(), make_plans()
    picture = EncodedPicture({"P2": np.ones((1, 2, 2, 3), "float32")}, (4, 6))
    transport.error = refuse
    assert run(plans.ask(picture, ["a", "b"]), transport).masks.shape == (2, 4, 6)
    assert [len(request[1]["P2"]) for request in transport.asked[1:]] == [1, 2]
    assert run(plans.ask(picture, ["a", "b", "c"]), transport).masks.shape == (3, 4, 6)
    assert [len(request[1]["P2"]) for request in transport.asked[3:]] == [3]


def test_any_signature():
    transport, plans = FakeTransport(), make_plans()
    inputs = {"image_bytes": [b"image"], "prompt": [b"car"], "threshold": [0.5]}
    outputs = run(plans.predict(inputs, "segment", ["present"]), transport)
    assert list(outputs) == ["present"] and outputs["present"].dtype == "uint8"
    assert list(run(plans.predict(inputs, "segment", None), transport)) == list(ANSWERED)
    for arguments, message in (
        ((inputs, "nothing", None), "A signature must be one of .*Received: 'nothing'"),
        (({}, "segment", None), r"inputs of 'segment' must be \['image_bytes'.*Received: \[\]"),
        ((inputs, "segment", ["color"]), r"outputs of 'segment' must be of .*Received: \['color'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            run(plans.predict(*arguments), transport)


def test_another_version_with_other_signatures():
    transport, plans = FakeTransport(), make_plans()
    run(plans.segment(b"image", "x", None), transport)
    transport.known, transport.version = signatures(()), 2
    assert run(plans.segment(b"image", "x", None), transport).ok
    asked = [request if isinstance(request, str) else request[0] for request in transport.asked]
    assert asked == ["metadata", "segment", "segment", "metadata", "serving_default"]
    transport.known = signatures()
    assert run(plans.encode_image(b"image"), transport).image_size == (4, 6)


def test_errors_of_the_same_version_are_raised_once():
    transport, plans = FakeTransport(), make_plans()
    transport.error = lambda name, inputs: ServingError("INVALID_ARGUMENT", "so it is", str(ADDRESS))
    with pytest.raises(ServingError, match="so it is"):
        run(plans.segment(b"image", "x", None), transport)
    transport.error = lambda name, inputs: ServingError("INTERNAL", "so it is", str(ADDRESS))
    with pytest.raises(ServingError, match="so it is"):
        run(plans.segment(b"image", "x", None), transport)
    assert [request == "metadata" for request in transport.asked] == [True, False, True, False]


def test_answers_that_do_not_fit():
    transport, plans = FakeTransport(), make_plans()
    transport.predict = lambda *arguments: {}
    with pytest.raises(ServingError, match="without .*mask_png_bytes"):
        run(plans.segment(b"image", "x", None), transport)
    transport.predict = lambda *arguments: {name: [b"1", b"2"] for name in ANSWERED}
    with pytest.raises(ServingError, match="rows to 1"):
        run(plans.segment(b"image", "x", None), transport)
    for content in (b"GIF89a", png(5)[:50]):
        transport.predict = lambda *arguments, content=content: (
            {"mask_png_bytes": [content]} | dict.fromkeys(("score", "present", "num_classes", "status"), [b"1"])
        )
        with pytest.raises(ServingError, match="INTERNAL.*masks that are no PNG files"):
            run(plans.segment(b"image", "x", None), transport)


def test_waiting_until_ready():
    plan = make_plans().wait_until_ready(7.0)
    step = next(plan)
    assert (step.timeout, step.retries) == (7.0, math.inf) and {"UNAVAILABLE", "NOT_FOUND"} <= set(step.codes)
    with pytest.raises(ServingError, match="no version is available"):
        step.check([{"version": 1, "state": "LOADING"}])
    states = [{"version": 1, "state": "AVAILABLE"}, {"version": 2, "state": "LOADING"}]
    step.check(states)
    with pytest.raises(StopIteration) as stop:
        plan.send(states)
    assert stop.value.value == 1


def test_waiting_for_a_label():
    address = ModelAddress("http://127.0.0.1:8501", "kmm", label="stable")
    plan = RequestPlans(address, 32, 1000).wait_until_ready(7.0)
    step = next(plan)
    assert step.timeout == 7.0 and "INVALID_ARGUMENT" in step.codes, "a label that is not known yet"
    with pytest.raises(StopIteration) as stop:
        plan.send({"version": 3, "signatures": {}})
    assert stop.value.value == 3


@pytest.mark.parametrize("arguments", [(0, 1), (32, 0), (1.5, 1), (None, 1)])
def test_errors(arguments):
    with pytest.raises(ValueError, match="must be a positive integer. Received: max_"):
        RequestPlans(ADDRESS, *arguments)
    with pytest.raises(ValueError, match="threshold must lie between 0 and 1"):
        run(make_plans().segment(b"image", "x", 1.0), FakeTransport())
