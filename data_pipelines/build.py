"""`python -m data_pipelines.build`: a data set from its owner's files as a folder of records."""

import argparse
import contextlib
import glob
import json
import os
import pathlib
import shutil
import sys
import time
import uuid

import tensorflow as tf
from keras.utils import Progbar

import data_pipelines
from data_pipelines.beam_pipeline import write_shards_in_processes, write_shards_with_beam
from data_pipelines.shard_writer import BAD_RECORDS, items_of_shards, plan_shards, write_manifest, write_shard
from kmm.data.record import FORMAT, MANIFEST


def build(
    data_set,
    manual_dir,
    output,
    splits=None,
    num_shards=None,
    workers=1,
    max_bad_share=0.0,
    strict=False,
    overwrite=False,
    beam_options=None,
    on_progress=lambda done, total: None,
):
    """Writes a data set as a folder of records, which appears under its name only when it is whole.

    The records of a split keep the order in which `data_set.items` gives them, shard after shard, so that the same
    files give the same bytes whatever the number of workers and the runner. Items are never collected: memory holds one
    record, or with several workers and with Beam the items of one shard and a record for each worker.

    Args:
        data_set: an object with the attributes and methods of the data sets of this package.
        manual_dir: folder of the owner's files.
        output: folder to write.
        splits: names of the splits to write; `None` for all.
        num_shards: shards for each split; `None` gives one for 1,000 items.
        workers: number of processes.
        max_bad_share: share of a split's items that may fail. They are left out and listed in `bad_records.jsonl`.
        strict: whether counts other than the owner's (`expected_counts`) are an error.
        overwrite: whether an existing `output` is replaced, once the new one is whole.
        beam_options: list of options of Apache Beam, such as `["--runner=FlinkRunner"]`: Beam's workers then write the
            shards; they must see both folders under the same paths.
        on_progress: called with the number of items done and that of all; not with Beam.

    Returns:
        dict, as in `report.json`: the counts of each split and what splits share.

    Raises:
        OSError: `manual_dir` or a file in it is missing; `output` exists and may not be replaced.
        ImportError: Apache Beam is asked for and not installed.
        ValueError: a setting is wrong, a file is damaged, a key occurs twice, or counts differ under `strict`.
    """
    manual_dir = pathlib.Path(manual_dir).absolute()
    if workers < 1:
        raise ValueError(f"There must be at least one worker. Received: workers={workers}. Give 1 or more.")
    if not manual_dir.is_dir():
        files = f"Received: {manual_dir}. It must hold:\n{data_set.manual_files}"
        raise FileNotFoundError(f"The folder of the owner's files must exist. {files}")
    known = tuple(data_set.splits(manual_dir))
    splits = known if splits is None else tuple(dict.fromkeys(splits))
    if not splits or set(splits) - set(known):
        raise ValueError(f"Splits must be among {known}. Received: {splits}. Leave them out to write all.")
    with unfinished_folder(output, overwrite) as folder:
        shards = []
        for split in splits:
            num_items = sum(1 for _ in data_set.items(manual_dir, split))
            shards += plan_shards(data_set.name, split, num_items, num_shards, max_bad_share)
        done, total = 0, sum(shard.stop - shard.start for shard in shards)

        def add(count=1):
            nonlocal done
            done += count
            on_progress(done, total)

        if beam_options is not None:
            write_shards_with_beam(data_set, manual_dir, shards, folder, beam_options)
        elif workers > 1:
            write_shards_in_processes(data_set, manual_dir, shards, folder, workers, add)
        else:
            for shard, items in items_of_shards(data_set, manual_dir, shards):
                write_shard(data_set, shard, items, folder, add)
        report = write_manifest(data_set, shards, folder)
        if strict and (differences := count_differences(data_set, report)):
            raise ValueError(f"Counts must be the owner's. Received: {'; '.join(differences)}. Complete the folder.")
    return report


def count_differences(data_set, report):
    """Where the records written are more or fewer than `data_set.expected_counts`, as a list of sentences."""
    counts = {split: total["num_examples"] for split, total in report["splits"].items()}
    expected = data_set.expected_counts
    return [
        f"{counts[split]} records in split {split!r} where its owner counts {expected[split]}"
        for split in counts
        if expected.get(split, counts[split]) != counts[split]
    ]


@contextlib.contextmanager
def unfinished_folder(output, overwrite=False):
    """A new folder beside `output` that is renamed to it when the block ends, and removed when the block fails.

    What killed processes left behind is removed first; a living one holds a lock on its folder, and is not disturbed.
    """
    output = pathlib.Path(output).absolute()
    _check_replaceable(output, overwrite)
    output.parent.mkdir(parents=True, exist_ok=True)
    remove_orphans(output)
    folder = output.with_name(f".{output.name}.incomplete-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    folder.mkdir()
    lock = _lock(folder)
    try:
        yield folder
        _flush(folder)
        _check_replaceable(output, overwrite)
        replaced = output.with_name(f".{output.name}.replaced-{uuid.uuid4().hex[:8]}")
        if output.exists():
            output.rename(replaced)
        folder.rename(output)
        shutil.rmtree(replaced, ignore_errors=True)
        _flush(output.parent)
    except BaseException:
        _remove(folder)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def remove_orphans(output, alive_too=False):
    """Removes the unfinished folders of `output`; one that a living process fills is an error unless `alive_too`."""
    pattern = f".{glob.escape(output.name)}"
    for path in output.parent.glob(f"{pattern}.replaced-*"):  # killed between the two renames of a replacement
        if output.exists():
            shutil.rmtree(path)
        else:
            path.rename(output)
    for path in output.parent.glob(f"{pattern}.incomplete-*"):
        lock = _lock(path)
        if lock is None and not alive_too:
            raise FileExistsError(
                f"One process at a time may write an output. Received: {path}, whose process seems to run still. Wait "
                "for it, or remove the folder with --clean."
            )
        _remove(path)
        if lock is not None:
            os.close(lock)


def _remove(folder):
    """Removes a folder that workers may still write to: under another name first, where they do not find it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder.rename(folder.with_name(f"{folder.name}-removed")), ignore_errors=True)


def _lock(folder):
    """A file descriptor with a lock on the folder, which the system drops with the process; `None` if it has one."""
    descriptor = None
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except (ImportError, OSError):
        if descriptor is not None:
            os.close(descriptor)
        return None


def _flush(folder):
    with contextlib.suppress(OSError):  # some systems open no folders
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _check_replaceable(output, overwrite):
    if output.exists() and not overwrite:
        raise FileExistsError(f"The output must not exist. Received: {output}. Replace it with --overwrite or --clean.")
    is_ours = not output.exists() or (output.is_dir() and not any(output.iterdir()))
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        is_ours = is_ours or json.loads((output / MANIFEST).read_bytes())["format"] == FORMAT
    if not is_ours:  # better no records than somebody's photographs removed
        raise FileExistsError(f"Only a folder of records is replaced. Received: {output}. Choose another output.")


class _Progress:
    """A bar in a terminal; elsewhere a line each second."""

    def __init__(self, name):
        self.name, self.started, self.shown, self.bar = name, time.monotonic(), 0.0, None

    def __call__(self, done, total):
        now = time.monotonic()
        if sys.stdout.isatty():
            self.bar = self.bar or Progbar(total, unit_name="record")
            self.bar.update(done)
        elif now - self.shown >= 1.0 or done == total:
            self.shown, speed = now, done / max(now - self.started, 1e-9)
            print(f"{self.name}: {done} of {total} records, {speed:.1f} a second", flush=True)


def _parser():
    parser = argparse.ArgumentParser("python -m data_pipelines.build", description=__doc__, allow_abbrev=False)
    parser.epilog = "Options that are not listed here are Apache Beam's and need --runner."
    add = parser.add_argument
    add("name", nargs="?", help="such as kmm_ref_coco; my_package.my_module for a class outside this package")
    add("--list", action="store_true", help="print the data sets, their licences and the files that they need")
    add("--manual-dir", metavar="DIR", help="folder of the owner's files")
    add("--output", metavar="DIR", help="folder to write")
    add("--option", action="append", default=[], metavar="KEY=VALUE", help="an argument of the data set's class")
    add("--splits", nargs="+", metavar="SPLIT", help="the splits to write (default: all)")
    add("--num-shards", type=int, metavar="N", help="shards for each split (default: one for 1,000 records)")
    add("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    add("--on-bad", choices=("fail", "skip"), default="fail", help="what to do with an item that gives no record")
    add("--max-bad", type=float, metavar="SHARE", help="with skip: the share of a split that may fail (default: 0.01)")
    add("--strict", action="store_true", help="refuse counts other than the owner's")
    add("--overwrite", action="store_true", help="replace the output when the new one is whole")
    add("--clean", action="store_true", help="first remove the output and all unfinished folders of it")
    add("--runner", metavar="NAME", help="run as an Apache Beam pipeline, such as on FlinkRunner; needs kmm[beam]")
    return parser


def main(arguments=None):
    """Runs the command; returns its exit status."""
    parser = _parser()
    args, beam_options = parser.parse_known_args(arguments)
    if beam_options and args.runner is None:
        parser.error(f"these options are unknown without --runner: {' '.join(beam_options)}")
    if args.max_bad is not None and args.on_bad == "fail":
        parser.error("--max-bad belongs to --on-bad skip")
    if args.runner is not None and args.workers > 1:
        parser.error(
            "--workers are processes of this machine; with --runner, Beam's own options say how many there are"
        )
    try:
        if args.list:
            print("\n\n".join(map(data_pipelines.describe, data_pipelines.find_data_sets().values())))
            return 0
        if not (args.name and args.manual_dir and args.output):
            parser.error("NAME, --manual-dir and --output are needed; --list prints the names")
        return _run(args, beam_options)
    except (ImportError, OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _run(args, beam_options):
    data_set = data_pipelines.make_data_set(args.name, dict(option.partition("=")[::2] for option in args.option))
    if args.clean:
        remove_orphans(pathlib.Path(args.output), alive_too=True)
        _check_replaceable(pathlib.Path(args.output), overwrite=True)
        shutil.rmtree(args.output, ignore_errors=True)
    same_names = ("manual_dir", "output", "splits", "num_shards", "workers", "strict", "overwrite")
    report = build(
        data_set,
        **{name: getattr(args, name) for name in same_names},
        max_bad_share=0.0 if args.on_bad == "fail" else 0.01 if args.max_bad is None else args.max_bad,
        beam_options=None if args.runner is None else [f"--runner={args.runner}", *beam_options],
        on_progress=_Progress(data_set.name),
    )
    print(f"written: {args.output}")
    for split, total in report["splits"].items():
        print(f"  {split}: {total['num_examples']} records, {total['num_prompts']} prompts")
        if bad := total["num_items"] - total["num_examples"]:
            print(f"warning: {bad} items of {split!r} gave no record and are left out, see {BAD_RECORDS}")
    for difference in count_differences(data_set, report):
        print(f"warning: {difference}")
    for overlap in report["overlaps"]:
        print(
            "warning: {different} {what} are in both of {splits}, such as record {example!r} of the first".format(
                **overlap
            )
        )
    return 0


if __name__ == "__main__":
    from data_pipelines.build import main as run  # by its own name, so that other processes can import it too

    sys.exit(run())
