"""What each export format costs: `python tests/benchmarks/measure_formats.py RUN [--photographs DIR] [--quick]`.

Writes the model of `RUN/model.keras` in every format and asks each about the same tensors, one picture with one prompt
at a time, in turns, so that a noisy moment does not fall on one of them. Prints a Markdown table: size on the disk, the
median time of an answer, that time as a share of the float32 SavedModel's, and the share of mask pixels equal to those
of the Keras model in float32. Run it while nothing else runs.
"""

import argparse
import functools
import os
import pathlib
import statistics
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf

import kmm
from kmm.export import SavedModelSession, export_litert, export_onnx, export_openvino, export_saved_model
from kmm.export.export_litert import open_litert
from kmm.export.export_onnx import open_onnx
from kmm.export.export_openvino import open_openvino
from kmm.export.with_compute_dtype import with_compute_dtype
from kmm.preprocessing import decode_image, masks_from_logits, prepare_images

THREADS = os.cpu_count()


def pictures_and_prompts(model, folder, count):
    """Inputs of the model: photographs of a folder, or `shapes` scenes, and a prompt for each."""
    source = kmm.data.ShapesSource(model.image_size)
    if folder is None:
        examples = [source.example("test", index) for index in range(count)]
        images, prompts = [example.image for example in examples], [example.prompts[0] for example in examples]
    else:
        paths = sorted(pathlib.Path(folder).glob("*.jpg"))[:count]
        images = [decode_image(path.read_bytes()) for path in paths]
        words = model.prompt_tokenizer.vocabulary if model.prompt_tokenizer else ["nothing"]
        prompts = [f"the {words[index % len(words)]}" for index in range(len(paths))]
    images = np.stack([prepare_images(image, model.image_size) for image in images]).astype("float32")
    words = model.prompt_tokenizer(tf.constant(prompts)) if model.prompt_tokenizer else {}
    inputs = {"images": images, **{name: np.asarray(value) for name, value in words.items()}}
    if "padding_mask" in inputs:
        inputs["padding_mask"] = inputs["padding_mask"].astype("uint8")
    return inputs


def saved_model(model, folder, compute_dtype):
    """A session of a SavedModel that takes the same tensors as the other formats."""
    path = export_saved_model(model, folder, compute_dtype=compute_dtype, verify=False)
    session = SavedModelSession(path)
    return path, lambda inputs: session.run(inputs, "predict_tensors", ["logits"])


def write_formats(model, folder, samples):
    """A dict from the name of a format to the files' paths and the function that asks it."""
    formats = {"SavedModel": saved_model(model, folder / "float32", "float32")}
    formats["SavedModel, bfloat16"] = saved_model(model, folder / "bfloat16", "bfloat16")
    path = export_litert(model, folder / "model.tflite", samples=samples)
    formats["LiteRT"] = path, open_litert(path, THREADS)
    path = export_litert(model, folder / "int8.tflite", samples=samples, quantize="dynamic", min_equal=0.9)
    formats["LiteRT, int8 weights"] = path, open_litert(path, THREADS)
    path = export_onnx(model, folder / "model.onnx", samples=samples)
    formats["ONNX Runtime"] = path, open_onnx(path, THREADS)
    path = export_openvino(model, folder / "model.xml", samples=samples)
    formats["OpenVINO"] = path, open_openvino(path, THREADS)
    formats["OpenVINO, its own precision"] = path, open_openvino(path, THREADS, precision=None)
    return formats


def mib(path):
    """Size of a file, of OpenVINO's two, or of the variables of a SavedModel."""
    parts = {".xml": [path, path.with_suffix(".bin")], "": path.glob("variables/*")}.get(path.suffix, [path])
    return sum(part.stat().st_size for part in parts) / 2**20


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--photographs", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    model = keras.saving.load_model(args.run / "model.keras")
    inputs = pictures_and_prompts(model, args.photographs, 8 if args.quick else 32)
    rows = [{name: value[i : i + 1] for name, value in inputs.items()} for i in range(len(inputs["images"]))]
    plain = with_compute_dtype(model, "float32")
    words = {name: value.astype(bool) if name == "padding_mask" else value for name, value in inputs.items()}
    right = masks_from_logits(plain.predict(words, batch_size=8, verbose=0)).numpy()
    with tempfile.TemporaryDirectory() as folder:
        formats = write_formats(model, pathlib.Path(folder), inputs)
        equal, seconds = {}, {name: [] for name in formats}
        for name, (_, ask) in formats.items():
            masks = [masks_from_logits(ask(row)["logits"]).numpy() for row in rows]
            equal[name] = np.mean(np.concatenate(masks) == right)
        for _ in range(3 if args.quick else 10):
            for name, (_, ask) in formats.items():
                for row in rows:
                    seconds[name].append(timed(functools.partial(ask, row)))
        print(f"{args.run.name}: {model.count_params():,} parameters, {model.image_size}, {THREADS} threads\n")
        print("| format | MiB | ms | share of SavedModel | equal pixels |\n|---|---|---|---|---|")
        first = statistics.median(seconds["SavedModel"])
        for name, (path, _) in formats.items():
            middle = statistics.median(seconds[name])
            numbers = f"{mib(path):.1f} | {1000 * middle:.1f} | {middle / first:.2f} | {100 * equal[name]:.3f} %"
            print(f"| {name} | {numbers} |")


def timed(function):
    """Seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
