"""How fast a server answers under load."""

import io

import numpy as np

from kmm.serving.client.client import Client
from kmm.serving.client.photograph_bytes import photograph_bytes
from kmm.serving.client.serving_error import ServingError
from kmm.serving.load.load_report import load_report
from kmm.serving.load.run_load import run_load

SIGNATURES = ("segment", "serving_default")
"""The signature that is asked: the first of these that the model has."""

OUTPUTS = ("score", "present", "mask_png_bytes", "status")
"""What is asked for, where the model gives it: what `Client.segment` asks for."""

DRAWN_SIZE = (480, 640)
"""Height and width of the picture that is sent where none is given."""


def measure_load(
    url,
    images=(),
    prompts=("the object",),
    num_requests=200,
    concurrency=1,
    rate=None,
    prompts_per_request=1,
    max_seconds=None,
    model="kmm",
    version=None,
    label=None,
    timeout=30.0,
    progress=None,
):
    """Asks a server many times, several times at once, and reports latencies, throughput and errors.

    Pictures and prompts are taken in turns. A latency is the time from the file's bytes to the bytes of the answer,
    with packing and unpacking. Nothing is sent twice: a request that is refused counts as an error, under its code, and
    so does an answer about a picture that the server could not read, under its status. Before the measurement every
    thread sends one request that does not count. Masks are drawn at the photographs' own size, so measure with
    photographs of the usual size.

    Args:
        url: address of the server, `http://host:port` or `grpc://host:port`.
        images: paths, bytes or arrays, as for `Client.segment`; a drawn photograph of 640 x 480 pixels where empty.
        prompts: strings; left out for a model without words.
        num_requests: how many requests are sent.
        concurrency: how many wait for an answer at a time.
        rate: requests per second, sent at regular times whatever the server does; `None` sends the next one as soon as
            an answer is there. With a rate, a latency counts from the time at which the request was due.
        prompts_per_request: prompts about one picture in each request: rows of the batch.
        max_seconds: no request starts later than this; `None` for no limit.
        model, version, label: which model is asked, as for `Client`.
        timeout: seconds that one request may take.
        progress: function of the numbers done and in total; `None` for none.

    Returns:
        dict of JSON values: those of `load_report`, and `url`, `model`, `signature`, `concurrency`, `rate`, `images`
        (their number) and `mean_image_bytes`.

    Raises:
        ServingError: the server cannot be reached or does not serve the model.
        ValueError: no prompt for a model with words, or a number that is not positive.

    Example:

    >>> measure_load("http://127.0.0.1:8501", num_requests=0)
    Traceback (most recent call last):
    ...
    ValueError: num_requests must be positive. Received: num_requests=0. Give at least 1, or leave it out.
    """
    numbers = {"num_requests": num_requests, "concurrency": concurrency, "prompts_per_request": prompts_per_request}
    for name, number in {**numbers, "rate": rate, "max_seconds": max_seconds, "timeout": timeout}.items():
        if number is not None and not number > 0:
            raise ValueError(f"{name} must be positive. Received: {name}={number}. Give at least 1, or leave it out.")
    files = [photograph_bytes(image) for image in images] or [_drawn_photograph()]
    with Client(url, model, version, label, timeout, retries=0) as client:
        signatures = client.metadata()["signatures"]
        name = next((name for name in SIGNATURES if name in signatures), None)
        if name is None:
            raise ValueError(
                f"The model must have one of the signatures {', '.join(SIGNATURES)}. Received: {sorted(signatures)}. "
                "Export it with `kmm export`."
            )
        signature, wanted = signatures[name], [output for output in OUTPUTS if output in signatures[name]["outputs"]]
        if "prompt" in signature["inputs"] and not prompts:
            raise ValueError('A model with words needs prompts. Received: prompts=[]. Give some: "the red car".')

        def send(index):
            inputs = _make_inputs(index, files, prompts, prompts_per_request)
            try:
                outputs = client.predict({name: inputs[name] for name in signature["inputs"]}, name, wanted)
            except ServingError as error:
                return error.code
            return _answer(outputs)

        def make_send():
            return send

        run_load(make_send, min(concurrency, num_requests), concurrency)
        samples = run_load(make_send, num_requests, concurrency, rate, max_seconds, progress)
    about = {"url": url, "model": model, "signature": name, "concurrency": concurrency, "rate": rate}
    sizes = {"images": len(files), "mean_image_bytes": round(sum(map(len, files)) / len(files))}
    return {**about, **sizes, **load_report(samples, prompts_per_request)}


def _make_inputs(index, files, prompts, rows):
    """The inputs of one request; pictures and prompts go round so that all pairs come."""
    first = index * rows + index // len(files)
    return {
        "image_bytes": [files[index % len(files)]] * rows,
        "prompt": [prompts[(first + row) % len(prompts)] for row in range(rows)] if prompts else [],
        "threshold": np.zeros(rows, "float32"),
    }


def _answer(outputs):
    """ "OK", or the code in the first status that says something else."""
    codes = (status.decode("utf-8", "replace").partition(":")[0] for status in outputs.get("status", ()))
    return next((code for code in codes if code != "OK"), "OK")


def _drawn_photograph():
    """A JPEG file as large as one of a photograph: soft shapes and noise."""
    from PIL import Image

    height, width = DRAWN_SIZE
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), "uint8")).resize((width, height), Image.BICUBIC)
    noisy = np.asarray(coarse, "int16") + random.integers(-12, 13, (height, width, 3), "int16")
    buffer = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype("uint8")).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
