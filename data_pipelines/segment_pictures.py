"""`python -m data_pipelines.segment_pictures`: masks for a heap of pictures, as an Apache Beam pipeline."""

import argparse
import functools
import hashlib
import json
import sys

import tensorflow as tf

from data_pipelines.record_parts import image_bytes

ENDPOINT = "serving_default"
ANSWERS = ("score", "mask_png_bytes", "status")
LOCAL_RUNNER = "BundleBasedDirectRunner"
"""Runs in this process. Beam's own default would first try to download another runner."""


def segment_pictures(saved_model, pictures, output, prompts=None, beam_options=None, batch_size=16, overwrite=False):
    """Asks an exported model about every picture, with Beam's `RunInference`, and writes the masks it answers with.

    Every picture is read once, turned upright, and decoded to see whether it is sound; every prompt is asked about it.
    `OUTPUT/masks/` then holds a PNG file for each pair of picture and prompt, as the export draws it: of the picture's
    size, 0 and 255 for a phrase, else class ids. `OUTPUT/manifest.jsonl`, written last, holds one line for each pair,
    in any order: `picture`, `prompt` (`null` for a model without words), `score` and `mask`, the file's path below
    OUTPUT, or `picture`, `prompt` and `error`. A damaged picture thus costs only its own lines. The names of the masks
    follow from picture and prompt, so that a job that was killed is simply run again.

    Args:
        saved_model: folder of one version of an export of `kmm.export.export_saved_model`, such as `exports/1`.
        pictures: pattern of the pictures' paths, such as `photographs/*/*.jpg`, on any file system that Beam reads.
        output: folder to write, on any file system that Beam writes.
        prompts: list of texts to ask about each picture; `None` for a model without words.
        beam_options: list of Beam's options, such as `["--runner=FlinkRunner"]`; `None` runs in this process.
        batch_size: the largest number of pairs that the model answers at a time.
        overwrite: whether an existing manifest is replaced.

    Returns:
        dict of two numbers: `masks` and `errors`.

    Raises:
        FileExistsError: there is a manifest already.
        ImportError: Apache Beam is not installed.
        OSError: `saved_model` is no SavedModel, or no picture fits the pattern.
        ValueError: the model takes words and none are given, the other way round, or it is no export of kmm's.
    """
    try:
        import apache_beam as beam
        from apache_beam.io import fileio
        from apache_beam.io.filesystems import FileSystems
        from apache_beam.ml.inference.base import KeyedModelHandler, RunInference
        from apache_beam.options.pipeline_options import PipelineOptions
    except ImportError as error:
        raise ImportError('Segmenting in bulk needs Apache Beam. Install it: pip install "kmm[beam]".') from error

    prompts = _check_model(saved_model, prompts)
    manifest = FileSystems.join(str(output), "manifest.jsonl")
    if FileSystems.exists(manifest) and not overwrite:
        raise FileExistsError(f"The manifest must be new. Received: {manifest}. Use --overwrite or another output.")
    if not FileSystems.match([str(pictures)], limits=[1])[0].metadata_list:
        raise FileNotFoundError(f"A picture must fit the pattern. Received: {pictures}. Check it, and quote it.")
    options = PipelineOptions([f"--runner={LOCAL_RUNNER}"] if beam_options is None else beam_options)
    handler = KeyedModelHandler(_model_handler(saved_model, batch_size))
    with beam.Pipeline(options=options) as pipeline:
        read = (
            pipeline
            | "Find" >> fileio.MatchFiles(str(pictures))
            | "Share out" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(functools.partial(_read, prompts)).with_outputs("errors", main="questions")
        )
        answers = (
            read.questions
            | "Ask" >> RunInference(handler)
            | "Write" >> beam.Map(functools.partial(_write, str(output)))
        )
        _ = (
            (answers, read.errors)
            | beam.Flatten()
            | "To JSON" >> beam.Map(functools.partial(json.dumps, ensure_ascii=False))
            | "List" >> beam.io.WriteToText(manifest.removesuffix(".jsonl"), ".jsonl", shard_name_template="")
        )
    counts = {"masks": 0, "errors": 0}
    with FileSystems.open(manifest) as lines:
        for line in lines:
            counts["errors" if "error" in json.loads(line) else "masks"] += 1
    return counts


def _check_model(saved_model, prompts):
    signature = tf.saved_model.load(str(saved_model)).signatures.get(ENDPOINT)
    inputs = set(signature.structured_input_signature[1]) if signature is not None else set()
    if "image_bytes" not in inputs or not set(ANSWERS) <= set(signature.structured_outputs):
        raise ValueError(
            f"A model must be an export of kmm's. Received: {saved_model} with the inputs {sorted(inputs)}. Write one "
            "with `kmm export`."
        )
    if ("prompt" in inputs) != bool(prompts):
        needed = "needs prompts" if "prompt" in inputs else "takes no prompts"
        raise ValueError(f"Prompts must suit the model. Received: prompts={prompts} for a model that {needed}.")
    return list(prompts or [None])


def _model_handler(saved_model, batch_size):
    from apache_beam.ml.inference.base import ModelHandler

    class SavedModelHandler(ModelHandler):
        """Answers `(image_bytes, prompt)` with a dict of `score` and `mask_png_bytes`, or of `error`."""

        def load_model(self):
            return tf.saved_model.load(str(saved_model))

        def run_inference(self, batch, model, inference_args=None):
            return _ask(model.signatures[ENDPOINT], batch)

        def get_num_bytes(self, batch):
            return sum(len(content) for content, _ in batch)

        def get_metrics_namespace(self):
            return "kmm_saved_model"

    return SavedModelHandler(min_batch_size=1, max_batch_size=batch_size)


def _ask(endpoint, batch):
    """An answer for each element; the export says which of them it cannot read."""
    contents, prompts = zip(*batch, strict=True)
    inputs = {"image_bytes": tf.constant(contents)}
    if prompts[0] is not None:
        inputs["prompt"] = tf.constant(prompts)
    outputs = {name: value.numpy().tolist() for name, value in endpoint(**inputs).items() if name in ANSWERS}
    rows = zip(*(outputs[name] for name in ANSWERS), strict=True)
    return [
        {"score": score, "mask_png_bytes": png} if status == b"OK" else {"error": status.decode()}
        for score, png, status in rows
    ]


def _read(prompts, file):
    """A question for each prompt about a picture, or its error for each."""
    from apache_beam import pvalue
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    try:
        with FileSystems.open(file.path, compression_type=CompressionTypes.UNCOMPRESSED) as opened:
            content = image_bytes(opened.read())
    except (OSError, ValueError) as error:
        for prompt in prompts:
            yield pvalue.TaggedOutput("errors", {"picture": file.path, "prompt": prompt, "error": str(error)})
        return
    for prompt in prompts:
        yield (file.path, prompt), (content, prompt)


def _write(output, keyed_answer):
    """Stores the mask of an answer, and returns its line of the manifest."""
    from apache_beam.io.filesystems import FileSystems

    (picture, prompt), answer = keyed_answer
    line = {"picture": picture, "prompt": prompt}
    if "error" in answer:
        return line | answer
    name = hashlib.blake2b(json.dumps([picture, prompt]).encode(), digest_size=16).hexdigest()
    folder = FileSystems.join(output, "masks", name[:2])
    try:
        FileSystems.mkdirs(folder)
    except OSError:
        pass  # it is there already
    with FileSystems.create(FileSystems.join(folder, f"{name}.png"), "image/png") as file:
        file.write(answer["mask_png_bytes"])
    return line | {"score": answer["score"], "mask": f"masks/{name[:2]}/{name}.png"}


def main(arguments=None):
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m data_pipelines.segment_pictures",
        description="Segments pictures with an exported model, as an Apache Beam pipeline.",
        epilog="Other options are Apache Beam's.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--saved-model", required=True, metavar="DIR", help="one version of an export, such as exports/1")
    add("--pictures", required=True, metavar="GLOB", help="pattern of the pictures, in quotes")
    add("--prompts", nargs="+", metavar="TEXT", help="what to ask about each picture")
    add("--output", required=True, metavar="DIR", help="folder of the masks and the manifest")
    add("--batch-size", type=int, default=16, metavar="N", help="pairs that the model answers at a time (default: 16)")
    add("--overwrite", action="store_true", help="write into a folder that has a manifest")
    add("--runner", default=LOCAL_RUNNER, metavar="NAME", help=f"Beam's runner (default: {LOCAL_RUNNER})")
    args, options = parser.parse_known_args(arguments)
    options = [f"--runner={args.runner}", *options]
    try:
        counts = segment_pictures(
            args.saved_model, args.pictures, args.output, args.prompts, options, args.batch_size, args.overwrite
        )
    except (ImportError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written: {args.output}: {counts['masks']} masks, {counts['errors']} errors (see manifest.jsonl)")
    return 0


if __name__ == "__main__":
    from data_pipelines.segment_pictures import main as run  # by its own name, so that workers can import it too

    sys.exit(run())
