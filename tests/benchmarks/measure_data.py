"""How fast and how large the data pipeline is: `python tests/benchmarks/measure_data.py`.

Examples per second from records to batches of 224 x 224 pixels (JPEG decoding, a crop of that size anywhere, masks, a
flip that swaps words, tokens), against the bare `tf.io.decode_jpeg`, against the same work on pictures that were
decoded before, and, with `--torch-python`, against a PyTorch `DataLoader` that does the same work with Pillow. In the
row with true words, two phrases of five name a place, so that their pictures stay whole and are resized. Every figure
is the median of alternating rounds in one run; run it while nothing else runs. `--memory` measures the peak memory
instead.

The pictures are drawn; `--pictures "FOLDER/*.jpg"` takes photographs.
"""

import argparse
import dataclasses
import glob
import io
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf
from PIL import Image, ImageFilter

import kmm
from data_pipelines.build import build
from data_pipelines.record_parts import referring_record
from kmm.data.cached_record_source import CachedRecordSource

SIZE, BATCH_SIZE, ROUNDS, SECONDS = (224, 224), 32, 5, 4.0
PHRASES = ("the red cup", "a man in a striped shirt", "person on the left", "the right most chair", "a dog that sleeps")


class Pictures:
    """A data set of `count` records over the pictures, each with one phrase about a disc in it."""

    name, task, class_list = "pictures", "referring", None
    description = homepage = citation = license = manual_files = "drawn for a measurement"
    expected_counts = {}

    def __init__(self, files, count):
        self.files, self.count = files, count
        self.made = {}

    def splits(self, manual_dir):
        return ("train",)

    def items(self, manual_dir, split):
        return iter(range(self.count))

    def record(self, item):
        number = item % len(self.files)
        if number not in self.made:
            content = self.files[number]
            mask = disc(*Image.open(io.BytesIO(content)).size, number)
            self.made[number] = referring_record("", content, [(PHRASES[number % len(PHRASES)], mask, "phrase")])
        return dataclasses.replace(self.made[number], key=str(item))


def disc(width, height, seed):
    """The mask of a disc that covers some per cent of a picture."""
    rng = np.random.default_rng(seed)
    radius = rng.uniform(0.08, 0.25) * min(width, height)
    x, y = rng.uniform(radius, width - radius), rng.uniform(radius, height - radius)
    rows, columns = np.mgrid[:height, :width]
    return ((columns - x) ** 2 + (rows - y) ** 2 < radius**2).astype(np.uint8)


def draw_pictures(count, shape=(480, 640)):
    """JPEG files of scenes with some grain: about as large as photographs of that size."""
    source, files = kmm.data.ShapesSource(shape), []
    for index in range(count):
        picture = Image.fromarray(source.example("val", index).image).filter(ImageFilter.GaussianBlur(0.8))
        files.append(io.BytesIO())
        picture.save(files[-1], "JPEG", quality=92)
    return [file.getvalue() for file in files]


def rate(dataset, seconds=SECONDS):
    """Examples per second of a dataset of batches."""
    batches, count = iter(dataset), 0
    for _ in range(5):
        next(batches)
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        next(batches)
        count += BATCH_SIZE
    return count / (time.perf_counter() - start)


def decoded(files, cache):
    """Batches of (a number for each) decoded picture: decoding alone, or reading what was decoded."""
    pictures = tf.data.Dataset.from_tensor_slices(files)
    pictures = (pictures if cache else pictures.repeat()).map(
        lambda content: tf.io.decode_jpeg(content, channels=3), num_parallel_calls=tf.data.AUTOTUNE
    )
    return pictures.cache().repeat() if cache else pictures.map(lambda x: tf.shape(x)[0]).batch(BATCH_SIZE)


def work_on_cached(folder, files, crop, flip, tokenizer):
    """The same work after `tf.data`'s own cache of decoded pictures and masks: the rate that a cache can reach."""
    source = kmm.data.RecordSource(folder)
    read = source.reader("train", 1)
    kept = tf.data.Dataset.range(len(files)).map(lambda i: read(tf.constant(0, tf.int64), i)).cache().repeat()

    def work(number, example):
        key = tf.stack([tf.constant(0, tf.int64), number])
        del example["kinds"]
        example = crop(example, key)
        images = tf.ensure_shape(example["images"], (*SIZE, 3))
        masks = tf.ensure_shape(example["segmentation_masks"], (1, *SIZE))
        return flip({**example, "images": images, "segmentation_masks": masks}, key)

    batches = kept.enumerate().map(work, tf.data.AUTOTUNE).batch(BATCH_SIZE)
    return batches.map(lambda batch: {**batch, **tokenizer(batch["prompts"][:, 0])}).prefetch(2)


def measure_rates(files, torch_python):
    crop, flip = kmm.data.FixedCrop(height=224, width=224, min_kept=0.0, keep_words=False), kmm.data.RandomFlip()
    true_crop = kmm.data.FixedCrop(height=224, width=224)
    tokenizer = kmm.preprocessing.PromptTokenizer.adapt(PHRASES, sequence_length=12)
    with tempfile.TemporaryDirectory() as folder:
        records = pathlib.Path(folder) / "records"
        build(Pictures(files, len(files)), folder, records)
        write_files(files, pathlib.Path(folder))
        arguments = {"split": "train", "batch_size": BATCH_SIZE, "image_size": SIZE, "tokenizer": tokenizer}
        arguments |= {"training": True, "crop": crop, "augmentations": (flip,)}
        datasets = {
            "bare tf.io.decode_jpeg": decoded(files, cache=False),
            "records to batches": kmm.data.build_dataset(kmm.data.RecordSource(records), **arguments),
            "records to batches, true words": kmm.data.build_dataset(
                kmm.data.RecordSource(records), **{**arguments, "crop": true_crop}
            ),
            "decoded before (memory)": kmm.data.build_dataset(CachedRecordSource(records), **arguments),
            "decoded before (disk)": kmm.data.build_dataset(
                CachedRecordSource(records, cache_directory=folder), **arguments
            ),
            "the same work after tf.data's cache": work_on_cached(records, files, crop, flip, tokenizer),
        }
        measured = {name: [] for name in datasets}
        torch_rates = []
        for _ in range(ROUNDS):
            for name, dataset in datasets.items():
                measured[name].append(rate(dataset))
            if torch_python:
                script = pathlib.Path(__file__).with_name("torch_loader.py")
                command = [torch_python, str(script), folder, str(SECONDS)]
                torch_rates.append(float(subprocess.run(command, capture_output=True, check=True, text=True).stdout))
    medians = {name: statistics.median(rates) for name, rates in measured.items()}
    if torch_rates:
        medians["PyTorch DataLoader with Pillow"] = statistics.median(torch_rates)
    bare = medians["bare tf.io.decode_jpeg"]
    print(f"{len(files)} pictures, {np.mean([len(file) for file in files]) / 1e3:.0f} kB each on average")
    for name, value in medians.items():
        print(f"  {name:38s} {value:7.0f} examples/s   {value / bare:5.2f}")


def write_files(files, folder):
    """The pictures, masks and phrases as files, for the PyTorch loader."""
    rows = []
    for number, content in enumerate(files):
        (folder / f"{number}.jpg").write_bytes(content)
        mask = disc(*Image.open(io.BytesIO(content)).size, number)
        Image.fromarray(mask).save(folder / f"{number}.png")
        rows.append([number, PHRASES[number % len(PHRASES)]])
    (folder / "phrases.json").write_text(json.dumps(rows))


def measure_memory(count):
    """Builds `count` small records and trains through them; prints the peak of each in MiB."""
    files = draw_pictures(4, shape=(32, 32))
    with tempfile.TemporaryDirectory() as folder:
        records = pathlib.Path(folder) / "records"
        build(Pictures(files, count), folder, records)
        building = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tokenizer = kmm.preprocessing.PromptTokenizer.adapt(PHRASES, sequence_length=12)
        source = kmm.data.RecordSource(records)
        dataset = kmm.data.build_dataset(source, "train", BATCH_SIZE, (32, 32), tokenizer, training=True)
        for _ in dataset.take(500):
            pass
    print(json.dumps([building, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", metavar="GLOB", help="photographs to use")
    parser.add_argument("--torch-python", metavar="FILE", help="a Python that has torch and Pillow")
    parser.add_argument("--memory", action="store_true", help="peak memory over 1,000 to 1,000,000 records")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of:
        measure_memory(args.memory_of)
    elif args.memory:
        for count in (1_000, 100_000, 1_000_000):
            command = [sys.executable, __file__, "--memory-of", str(count)]
            output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
            building, reading = json.loads(output.splitlines()[-1])
            print(f"{count:9,d} records: building {building:5.0f} MiB, reading {reading:5.0f} MiB", flush=True)
    else:
        names = sorted(glob.glob(args.pictures)) if args.pictures else []
        files = [pathlib.Path(name).read_bytes() for name in names] or draw_pictures(128)
        files = [file for file in files if min(Image.open(io.BytesIO(file)).size) >= min(SIZE)]
        measure_rates(files, args.torch_python)


if __name__ == "__main__":
    main()
