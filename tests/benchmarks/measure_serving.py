"""What serving costs, as ratios within one run: `python tests/benchmarks/measure_serving.py RUN --photographs FOLDER`.

RUN is the folder of a training run, with `model.keras`. It is exported three times into a temporary folder (as it is,
in float32 and in bfloat16), and `kmm serve` answers in a process of its own. Markdown tables of: the masks of one batch
of photographs of different sizes, by Keras, the bare C++ session, REST and gRPC; latency at one request at a time, in
turns on the same bytes; throughput at 1, 2, 4 and 8 at a time; 20 prompts on one picture; the bytes of an answer;
bfloat16 against float32; the size of the export. Ends with 1 if a bar is missed. `--quick` takes about a minute and
means little. Run it while nothing else runs.
"""

import argparse
import base64
import collections
import json
import pathlib
import statistics
import sys
import tempfile
import time
import urllib.request

import keras
import numpy as np
import tensorflow as tf
from known_answers import default_prompts, read_mask, read_photographs
from serve_process import ServeProcess

import kmm
from kmm.export import SavedModelSession, export_saved_model
from kmm.preprocessing import decode_image, masks_from_logits, prepare_images
from kmm.preprocessing.mask_outputs import segmentation_logits
from kmm.serving import Client, measure_load
from kmm.serving.load.load_report import load_report
from kmm.serving.load.run_load import run_load

CONCURRENCIES = (1, 2, 4, 8)
NUM_PROMPTS = 20
ROWS_OF_THE_BAR = 8
"""The batch for which bfloat16 must be faster; the best of several would be met by chance."""

BARS = []
"""What is asked, what was found, and whether the bar is met; filled by the sections."""


def bar(what, found, limit, met):
    """Notes one bar."""
    BARS.append(f"| {what} | {found} | {limit} | {'yes' if met else 'NO'} |")
    return met


def table(title, header, rows):
    """Prints a Markdown table."""
    print(f"\n{title}\n\n| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def in_turns(functions, rounds):
    """Seconds of each function in each round; the order moves on by one each round."""
    names, times = list(functions), collections.defaultdict(list)
    for index in range(rounds + 2):
        for name in names[index % len(names) :] + names[: index % len(names)]:
            start = time.perf_counter()
            functions[name](index)
            if index > 1:
                times[name].append(time.perf_counter() - start)
    return {name: times[name] for name in names}


class Questions:
    """Photographs and prompts as inputs of the endpoints."""

    def __init__(self, photographs, prompts, with_words):
        self.photographs, self.prompts, self.with_words = photographs, prompts, with_words

    def words(self, prompts):
        """The prompts as an input, for a model with words."""
        return {"prompt": [prompt.encode() for prompt in prompts]} if self.with_words else {}

    def segment(self, photographs, prompts):
        """The inputs of `segment`."""
        threshold = np.zeros(len(photographs), "float32")
        return {"image_bytes": list(photographs), **self.words(prompts), "threshold": threshold}

    def one(self, index):
        """One row: one of the JPEG files, and a prompt."""
        files = [content for content in self.photographs if content[:2] == b"\xff\xd8"]
        return self.segment([files[index % len(files)]], [self.prompts[index % len(self.prompts)]])

    def batch(self):
        """A row for each photograph."""
        prompts = [self.prompts[index % len(self.prompts)] for index in range(len(self.photographs))]
        return self.photographs, prompts


def keras_masks(model, questions, threshold=0.5):
    """The masks at own size by Keras, grey as in the PNG files of an answer."""
    photographs, prompts = questions.batch()
    decoded = [decode_image(content) for content in photographs]
    inputs = {"images": tf.stack([prepare_images(image, model.image_size) for image in decoded])}
    if questions.with_words:
        inputs.update(model.prompt_tokenizer(tf.constant(prompts)))
    logits = segmentation_logits(model.predict(inputs, batch_size=4, verbose=0))
    scale = 255 if logits.shape[-1] == 1 else 1
    pairs = zip(logits, decoded, strict=True)
    return [masks_from_logits(one, image.shape[:2], threshold).numpy() * scale for one, image in pairs]


def equal_share(masks, others):
    """Share of equal pixels over all pictures, and that of the worst one."""
    for mask, other in zip(masks, others, strict=True):
        if mask.shape != other.shape:
            raise SystemExit(f"masks of different sizes: {mask.shape} and {other.shape}")
    equal = [np.mean(mask == other) for mask, other in zip(masks, others, strict=True)]
    return np.average(equal, weights=[mask.size for mask in masks]), min(equal)


def measure_equality(model, questions, session, clients):
    """Masks on four paths."""
    inputs = questions.segment(*questions.batch())
    paths = {"C++ session": lambda: session.run(inputs, "segment")}
    for name, client in clients.items():
        paths[name] = lambda client=client: client.predict(inputs, "segment")
    right, rows, first = keras_masks(model, questions), [], None
    for name, ask in paths.items():
        pngs = list(ask()["mask_png_bytes"])
        first = first or pngs
        share, worst = equal_share([read_mask(png) for png in pngs], right)
        same = sum(own == other for own, other in zip(pngs, first, strict=True))
        rows.append((name, f"{100 * share:.4f} %", f"{100 * worst:.3f} %", f"{same} of {len(pngs)}"))
        bar(f"masks equal, Keras and {name}", f"{100 * share:.3f} %", ">= 99.9 %", share >= 0.999)
    sizes = sorted({mask.shape for mask in right})
    masked = np.mean([np.mean(mask > 0) for mask in right])
    table(
        f"Masks of one batch of {len(right)} photographs of {len(sizes)} sizes, {sizes[0]} to {sizes[-1]}, "
        f"against Keras; {100 * masked:.0f} % of the pixels are not 0",
        ("path", "equal pixels", "worst picture", "files equal to the session's"), rows,
    )  # fmt: skip


def measure_latency(questions, session, clients, rounds):
    """One request at a time, in turns."""
    names = ["score", "present", "mask_png_bytes", "status"]
    functions = {"C++ session": lambda index: session.run(questions.one(index), "segment", names)}
    for name, client in clients.items():
        functions[name] = lambda index, client=client: client.predict(questions.one(index), "segment", names)
    times = {name: 1000 * np.array(values) for name, values in in_turns(functions, rounds).items()}
    base, rows = times["C++ session"], []
    for name, values in times.items():
        p50, p90, p99 = np.percentile(values, (50, 90, 99))
        ratio = p50 / np.median(base)
        paired = np.median(values / base)
        rows.append((name, f"{p50:.1f}", f"{p90:.1f}", f"{p99:.1f}", f"{ratio:.3f}", f"{paired:.3f}"))
        if name != "C++ session":
            bar(f"p50 over {name} / bare session, one at a time", f"{ratio:.3f}", "<= 1.15", ratio <= 1.15)
    size = statistics.mean(len(questions.one(index)["image_bytes"][0]) for index in range(12))
    table(
        f"Latency of `segment`, one row, one at a time, {rounds} rounds in turns, {size / 1024:.0f} KiB a JPEG, ms",
        ("path", "p50", "p90", "p99", "p50 / session's", "median of ratios"), rows,
    )  # fmt: skip


def measure_throughput(questions, session, addresses, seconds):
    """Several requests at a time."""
    rows = []
    files = [questions.one(index)["image_bytes"][0] for index in range(12)]
    for concurrency in CONCURRENCIES:

        def make_send():
            return lambda index: session.run(questions.one(index), "segment") and "OK"

        reports = {"C++ session": load_report(run_load(make_send, 10**6, concurrency, max_seconds=seconds))}
        for name, url in addresses.items():
            reports[name] = measure_load(
                url, files, questions.prompts, 10**6, concurrency, max_seconds=seconds, timeout=120
            )
        for name, report in reports.items():
            latency = report["latency_ms"]
            cells = (f"{report['requests_per_second']:.1f}", f"{latency['p50']:.1f}", f"{latency['p99']:.1f}")
            rows.append((concurrency, name, *cells, report["errors"]))
    table(
        f"Throughput of `segment`, one row a request, {seconds:g} s each",
        ("at a time", "path", "requests/s", "p50, ms", "p99, ms", "errors"), rows,
    )  # fmt: skip


def measure_prompts(questions, session, grpc, rounds):
    """Twenty prompts on one picture."""
    if "ask" not in session.signatures or not questions.with_words:
        print("\nThis export has no `ask`.")
        return
    prompts = [questions.prompts[index % len(questions.prompts)] for index in range(NUM_PROMPTS)]
    levels = [name for name in session.signatures["ask"].inputs if name != "prompt"]
    runs = {"session": session.run, "gRPC": grpc.predict}

    def encode_and_ask(run, count):
        def ask(index):
            encoded = run({"image_bytes": questions.one(index)["image_bytes"]}, "encode_image")
            features = {name: encoded[name] for name in levels}
            return run({**features, **questions.words(prompts[:count])}, "ask")

        return ask

    def repeat(run, count):
        def ask(index):
            inputs = questions.segment(questions.one(index)["image_bytes"] * count, prompts[:count])
            return run(inputs, "segment")

        return ask

    rows = []
    for path, run in runs.items():
        functions = {
            "encode_image + ask, 1 prompt": encode_and_ask(run, 1),
            f"encode_image + ask, {NUM_PROMPTS} prompts": encode_and_ask(run, NUM_PROMPTS),
            "segment, 1 row": repeat(run, 1),
            f"segment, {NUM_PROMPTS} rows of one picture": repeat(run, NUM_PROMPTS),
        }
        try:
            times = in_turns(functions, rounds)
        except Exception as error:
            print(f"\n{NUM_PROMPTS} prompts over {path} failed: {error}")
            bar(f"{NUM_PROMPTS} prompts over {path}", "failed", "<= 2", False)
            continue
        medians = {name: 1000 * statistics.median(values) for name, values in times.items()}
        one, asked = list(medians.values())[:2]
        rows += [(path, name, f"{value:.1f}", f"{value / one:.2f}") for name, value in medians.items()]
        bar(
            f"{NUM_PROMPTS} prompts / 1 prompt, encode_image + ask, {path}",
            f"{asked / one:.2f}",
            "<= 2",
            asked <= 2 * one,
        )
    table(f"{NUM_PROMPTS} prompts on one picture", ("path", "request", "ms", "/ 1 prompt"), rows)


def measure_bfloat16(questions, versions, rounds):
    """The variant in bfloat16 against float32, in the bare session."""
    sessions = {name: SavedModelSession(path) for name, path in versions.items()}
    photographs, prompts = questions.batch()
    answers = {
        name: session.run(questions.segment(photographs, prompts), "segment") for name, session in sessions.items()
    }
    masks = {name: [read_mask(png) for png in answer["mask_png_bytes"]] for name, answer in answers.items()}
    share, worst = equal_share(masks["bfloat16"], masks["float32"])
    small = [content for content in photographs if content[:2] == b"\xff\xd8"]
    rows, ratios = [], {}
    size = _image_size(sessions["float32"])
    images = np.random.default_rng(0).uniform(0, 255, (16, *size, 3)).astype("float32")
    for count in (1, ROWS_OF_THE_BAR, 16):
        files = [small[index % len(small)] for index in range(count)]
        inputs = questions.segment(files, [prompts[index % len(prompts)] for index in range(count)])
        tensors = {"images": images[:count]}
        for name, info in sessions["float32"].signatures["predict_tensors"].inputs.items():
            shape = [dim.size if dim.size > 0 else 8 for dim in info.tensor_shape.dim[1:]]
            dtype = tf.dtypes.as_dtype(info.dtype).as_numpy_dtype
            tensors.setdefault(name, np.ones((count, *shape), dtype))
        for signature, feed in (("segment", inputs), ("predict_tensors", tensors)):
            functions = {
                name: lambda index, session=session, feed=feed, signature=signature: session.run(feed, signature)
                for name, session in sessions.items()
            }
            medians = {name: statistics.median(values) for name, values in in_turns(functions, rounds).items()}
            ratio = medians["float32"] / medians["bfloat16"]
            ratios[signature, count] = ratio
            per_second = (f"{count / medians[name]:.1f}" for name in ("float32", "bfloat16"))
            rows.append((signature, count, *per_second, f"{ratio:.2f}"))
    table(
        f"Rows/s of the bare session, float32 and bfloat16, model of {size[0]} x {size[1]} pixels; "
        f"{100 * share:.3f} % of the pixels equal, worst picture {100 * worst:.2f} %",
        ("endpoint", "rows a request", "float32", "bfloat16", "ratio"), rows,
    )  # fmt: skip
    for signature in ("segment", "predict_tensors"):
        ratio = ratios[signature, ROWS_OF_THE_BAR]
        what = f"bfloat16 / float32, rows/s of `{signature}`, {ROWS_OF_THE_BAR} rows a request"
        bar(what, f"{ratio:.2f}", ">= 1.5", ratio >= 1.5)
    bar("pixels equal, bfloat16 and float32", f"{100 * share:.3f} %", ">= 99.5 %", share >= 0.995)
    for session in sessions.values():
        session.close()


def _image_size(session):
    return [dim.size for dim in session.signatures["predict_tensors"].inputs["images"].tensor_shape.dim[1:3]]


def measure_bytes(questions, rest, name, session):
    """Bytes of an answer over REST: the PNG file against the JSON list of the same mask."""
    inputs, rows = questions.one(0), []
    png = session.run(inputs, "segment")["mask_png_bytes"][0]
    mask = read_mask(png)
    listed = len(json.dumps({"predictions": [{"mask": mask.tolist()}]}, separators=(",", ":")))
    answers = {signature: _answer_bytes(rest, name, signature, inputs) for signature in ("segment", "serving_default")}
    rows.append((f"JSON list of the mask, {mask.shape[0]} x {mask.shape[1]}", listed, "1"))
    rows.append(
        ("whole answer of `segment`, with the PNG file", answers["segment"], f"{listed / answers['segment']:.0f}")
    )
    whole = answers["serving_default"]
    rows.append(("whole answer of `serving_default`, with both", whole, f"{listed / whole:.1f}"))
    rows.append(("the PNG file itself, as over gRPC", len(png), f"{listed / len(png):.0f}"))
    table("Bytes of an answer", ("answer", "bytes", "times fewer"), rows)
    fewer = listed / answers["segment"]
    bar(
        "bytes of the JSON list / bytes of the answer of `segment` with the PNG file",
        f"{fewer:.0f}",
        ">= 20",
        fewer >= 20,
    )


def _answer_bytes(rest, name, signature, inputs):
    columns = {
        "image_bytes": [{"b64": base64.b64encode(content).decode()} for content in inputs["image_bytes"]],
        **({"prompt": [prompt.decode() for prompt in inputs["prompt"]]} if "prompt" in inputs else {}),
        **({"threshold": [0.0]} if signature == "segment" else {}),
    }
    body = json.dumps({"signature_name": signature, "inputs": columns}).encode()
    request = urllib.request.Request(f"{rest}/v1/models/{name}:predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return len(response.read())


def measure_size(model, versions):
    """Bytes on disk against the weights."""
    weights, rows = 4 * model.count_params(), []
    for name, path in versions.items():
        stored = sum(file.stat().st_size for file in (path / "variables").glob("*.data*"))
        whole = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        rows.append((name, f"{stored / 2**20:.2f}", f"{stored / weights:.3f}", f"{whole / 2**20:.2f}"))
        bar(f"weights on disk / weights, {name}", f"{stored / weights:.3f}", "<= 1.05", stored <= 1.05 * weights)
    table("Size", ("export", "variables, MiB", "/ float32 weights", "whole folder, MiB"), rows)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path, help="folder with model.keras")
    parser.add_argument("--photographs", nargs="*", type=pathlib.Path, default=[], help="folders; default: drawn")
    parser.add_argument("--prompts", nargs="*", help="default: words of the vocabulary")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    rounds, seconds = (6, 2.0) if args.quick else (150, 8.0)
    model = keras.saving.load_model(args.run / "model.keras")
    with tempfile.TemporaryDirectory(prefix="kmm_serving_") as folder:
        versions = {
            name: export_saved_model(model, pathlib.Path(folder) / name, compute_dtype=dtype, verify=not args.quick)
            for name, dtype in (("as trained", None), ("float32", "float32"), ("bfloat16", "bfloat16"))
        }
        own = versions["as trained"]
        print(f"# {args.run.name}: {model.count_params():,} parameters, {model.image_size}, computed in "
              f"{json.loads((own / 'assets.extra' / 'model_card.json').read_text())['compute_dtype']} as trained; "
              f"kmm {kmm.__version__}, TensorFlow {tf.__version__}")  # fmt: skip
        prompts = args.prompts or default_prompts(own, args.photographs, 16)
        questions = Questions(read_photographs(args.photographs, 8 if args.quick else 16), prompts, True)
        with SavedModelSession(own) as session:
            questions.with_words = "prompt" in session.signatures["segment"].inputs
            with ServeProcess(own) as server:
                addresses = {"REST": server.rest, "gRPC": server.grpc}
                clients = {name: Client(url, server.name, timeout=120.0) for name, url in addresses.items()}
                measure_equality(model, questions, session, clients)
                measure_latency(questions, session, clients, rounds)
                measure_throughput(questions, session, addresses, seconds)
                measure_prompts(questions, session, clients["gRPC"], max(5, rounds // 5))
                measure_bytes(questions, server.rest, server.name, session)
        measure_bfloat16(questions, {name: versions[name] for name in ("float32", "bfloat16")}, max(5, rounds // 5))
        measure_size(model, versions)
    print("\n| bar | found | limit | met |\n|---|---|---|---|", *BARS, sep="\n")
    return int(any(line.endswith("| NO |") for line in BARS))


if __name__ == "__main__":
    sys.exit(main())
