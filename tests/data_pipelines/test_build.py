import fcntl
import functools
import json
import os
import pathlib
import pickle
import shutil
import signal
import subprocess
import sys
import time

import pytest

import data_pipelines
from data_pipelines.build import build, count_differences, main, remove_orphans, unfinished_folder
from kmm.data.record_source import RecordSource

README = pathlib.Path(data_pipelines.__file__).with_name("README.md")
DATA_SETS = data_pipelines.find_data_sets()
TINY = "tests.data_pipelines.conftest"
"""The module of the tiny set, as the command takes it."""


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def orphan(output, kind="incomplete-1-0a"):
    """A folder as a killed process leaves it."""
    folder = output.with_name(f".{output.name}.{kind}")
    folder.mkdir()
    (folder / "half.tfrecord").write_bytes(b"half")
    return folder


@pytest.fixture
def run(tiny_folder, tmp_path, capsys):
    """Runs the command on the tiny set; gives its exit status and all that it printed."""

    def call(*arguments):
        status = main([TINY, "--manual-dir", str(tiny_folder), "--output", str(tmp_path / "out"), *map(str, arguments)])
        return status, "".join(capsys.readouterr())

    return call


def test_records_are_those_of_the_data_set(tiny_set, tiny_folder, tmp_path):
    report = build(tiny_set, tiny_folder, tmp_path / "new" / "out", num_shards=2)
    assert report["splits"] == {
        "train": {"num_items": 7, "num_examples": 7, "num_prompts": 11},
        "val": {"num_items": 3, "num_examples": 3, "num_prompts": 4},
    }
    source = RecordSource(tmp_path / "new" / "out")
    source.check()
    for split in ("train", "val"):
        records = [tiny_set.record(item) for item in tiny_set.items(tiny_folder, split)]
        assert [source.record(split, index) for index in range(source.num_examples(split))] == records
    assert hidden(tmp_path / "new") == []


def test_chosen_splits_and_progress(tiny_set, tiny_folder, tmp_path):
    seen = []
    arguments = (tiny_set, tiny_folder, tmp_path / "out", ["val", "val"])
    build(*arguments, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert RecordSource(tmp_path / "out").splits == ("val",)


@pytest.mark.slow
def test_processes_write_the_same_bytes(tiny_set, tiny_folder, tmp_path, read_folder):
    seen = []
    build(tiny_set, tiny_folder, tmp_path / "one", num_shards=3)
    build(tiny_set, tiny_folder, tmp_path / "two", num_shards=3, workers=2, on_progress=lambda *pair: seen.append(pair))
    assert read_folder(tmp_path / "one") == read_folder(tmp_path / "two")
    assert seen[-1] == (10, 10) and len(seen) == 6
    (tiny_folder / "pictures" / "e.png").unlink()
    with pytest.raises(ValueError, match="item 4 of split 'train'.*e.png"):
        build(tiny_set, tiny_folder, tmp_path / "three", num_shards=3, workers=2)
    assert hidden(tmp_path) == [] and not (tmp_path / "three").exists()


def test_a_failure_leaves_nothing(tiny_set, tiny_folder, tmp_path):
    (tiny_folder / "pictures" / "f.png").unlink()
    with pytest.raises(ValueError, match="item 5 of split 'train'.*There must be a picture. Received: .*f.png"):
        build(tiny_set, tiny_folder, tmp_path / "out", num_shards=4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manual"]


def start(*arguments):
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "data_pipelines.build", TINY, *map(str, arguments)],
        cwd=pathlib.Path(data_pipelines.__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_workers_end_with_a_killed_build(tiny_folder, tmp_path):
    arguments = ("--manual-dir", tiny_folder, "--num-shards", 7, "--option", "seconds=1", "--workers", 2)
    process = start("--output", tmp_path / "out", *arguments)
    try:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob(".out.incomplete-*/*.summary.json")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        workers = [pid for pid in children if b"spawn_main" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(workers) == 2
    deadline = time.monotonic() + 30
    while any(b"spawn_main" in _command_line(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker waits for ever"
        time.sleep(0.05)


def _command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


@pytest.mark.slow
def test_a_killed_build_leaves_no_half_data_set(tiny_set, tiny_folder, tmp_path, read_folder):
    output = tmp_path / "out"
    process = start("--manual-dir", tiny_folder, "--output", output, "--num-shards", 7, "--option", "seconds=0.3")
    try:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob(".out.incomplete-*/*-00002-of-*.summary.json")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(FileExistsError, match=f"One process at a time .* Received: .*{process.pid}"):
            build(tiny_set, tiny_folder, output, num_shards=7)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not output.exists() and len(hidden(tmp_path)) == 1, "the kill came in the middle"
    build(tiny_set, tiny_folder, output, num_shards=7)
    assert hidden(tmp_path) == []
    build(tiny_set, tiny_folder, tmp_path / "at once", num_shards=7)
    assert read_folder(output) == read_folder(tmp_path / "at once")


def test_orphans_of_the_dead_are_removed(tmp_path):
    output = tmp_path / "out"
    orphan(output)
    other = orphan(tmp_path / "another out")
    with unfinished_folder(output) as folder:
        assert hidden(tmp_path) == sorted([folder.name, other.name])
        with pytest.raises(FileExistsError, match="One process at a time may write an output. Received: .*incomplete"):
            remove_orphans(output)
    assert output.is_dir() and hidden(tmp_path) == [other.name]


def test_an_interrupted_replacement_is_undone(tmp_path):
    output = tmp_path / "out"
    orphan(output, "replaced-0a")
    remove_orphans(output)
    assert (output / "half.tfrecord").exists() and hidden(tmp_path) == []
    orphan(output, "replaced-0a")
    remove_orphans(output)
    assert (output / "half.tfrecord").exists() and hidden(tmp_path) == []


def test_outputs_are_replaced_only_when_told(tiny_set, tiny_folder, tmp_path, read_folder):
    output = tmp_path / "out"
    make = functools.partial(build, tiny_set, tiny_folder, output)
    make(splits=["val"])
    before = read_folder(output)
    with pytest.raises(
        FileExistsError, match="The output must not exist. Received: .*out. Replace it with --overwrite"
    ):
        make()
    broken = tiny_folder / "pictures" / "g.png"
    content = broken.read_bytes()
    broken.unlink()
    with pytest.raises(ValueError, match="item 6 of split 'train'"):
        make(overwrite=True)
    assert read_folder(output) == before, "until the new one is whole"
    broken.write_bytes(content)
    make(overwrite=True)
    assert RecordSource(output).splits == ("train", "val") and hidden(tmp_path) == []


def test_nothing_else_is_ever_replaced(tiny_set, tiny_folder, tmp_path, run):
    output = tmp_path / "out"
    for content in ("{}", "[]", "no JSON", '{"format": "another"}'):
        output.mkdir()
        (output / "manifest.json").write_text(content)
        with pytest.raises(FileExistsError, match="Only a folder of records is replaced. Received: .*out"):
            build(tiny_set, tiny_folder, output, overwrite=True)
        status, printed = run("--clean")
        assert status == 2 and "Only a folder of records is replaced" in printed
        assert (output / "manifest.json").read_text() == content
        shutil.rmtree(output)
    output.write_text("a file")
    with pytest.raises(FileExistsError, match="Only a folder of records is replaced"):
        build(tiny_set, tiny_folder, output, overwrite=True)


def test_an_output_that_appears_meanwhile_is_kept(tiny_set, tiny_folder, tmp_path):
    def appear(done, total):
        (tmp_path / "out").mkdir(exist_ok=True)

    with pytest.raises(FileExistsError, match="The output must not exist"):
        build(tiny_set, tiny_folder, tmp_path / "out", on_progress=appear)
    assert (tmp_path / "out").is_dir() and hidden(tmp_path) == []


def test_settings_are_checked(tiny_set, tiny_folder, tmp_path):
    make = functools.partial(build, tiny_set, tiny_folder, tmp_path / "out")
    with pytest.raises(ValueError, match="at least one worker. Received: workers=0"):
        make(workers=0)
    with pytest.raises(ValueError, match=r"Splits must be among \('train', 'val'\). Received: \('train', 'tset'\)"):
        make(splits=["train", "tset"])
    with pytest.raises(ValueError, match=r"Received: \(\)"):
        make(splits=[])
    with pytest.raises(
        FileNotFoundError, match="owner's files must exist. Received: .*nowhere. It must hold:\ntrain.txt"
    ):
        build(tiny_set, tmp_path / "nowhere", tmp_path / "out")
    (tiny_folder / "empty.txt").write_text("")
    with pytest.raises(ValueError, match="A split must have items. Received: none in split 'empty'"):
        make()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manual"]


def test_beam_is_optional(tiny_set, tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[beam\]"'):
        build(tiny_set, tiny_folder, tmp_path / "out", beam_options=["--runner=FnApiRunner"])
    assert hidden(tmp_path) == []


def test_counts_are_compared_with_the_owners(tiny_set, tiny_folder, tmp_path):
    tiny_set.expected_counts = {"train": 8, "val": 3, "test": 1}
    report = {"splits": {split: {"num_examples": number} for split, number in (("train", 7), ("val", 3), ("new", 2))}}
    assert count_differences(tiny_set, report) == ["7 records in split 'train' where its owner counts 8"]
    build(tiny_set, tiny_folder, tmp_path / "out")
    with pytest.raises(ValueError, match="Counts must be the owner's. Received: 7 records in split 'train'"):
        build(tiny_set, tiny_folder, tmp_path / "strict", strict=True)
    assert not (tmp_path / "strict").exists()


def test_command(run, tmp_path):
    status, printed = run("--num-shards", 2)
    assert status == 0
    lines = printed.splitlines()
    assert lines[-4].startswith("kmm_tiny_set: 10 of 10 records, ")
    assert lines[-3:] == [
        f"written: {tmp_path / 'out'}",
        "  train: 7 records, 11 prompts",
        "  val: 3 records, 4 prompts",
    ]
    status, printed = run()
    assert status == 2 and "error: The output must not exist" in printed
    orphan(tmp_path / "out")
    status, printed = run("--clean", "--splits", "val")
    assert status == 0 and hidden(tmp_path) == []
    assert RecordSource(tmp_path / "out").splits == ("val",)
    assert run("--overwrite")[0] == 0


def test_clean_takes_the_folders_of_the_living_too(run, tmp_path):
    folder = orphan(tmp_path / "out")
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        status, printed = run()
        assert status == 2 and "One process at a time" in printed
        assert run("--clean")[0] == 0 and hidden(tmp_path) == []
    finally:
        os.close(descriptor)


def test_bad_items_on_the_command_line(run, tiny_folder, tmp_path):
    (tiny_folder / "pictures" / "c.png").write_bytes(b"GIF89a")
    status, printed = run()
    assert status == 2 and "error: Every item must give a record. Received: item 2 of split 'train'" in printed
    status, printed = run("--on-bad", "skip")
    assert status == 2, "one of seven is more than 1 %"
    assert "Received: item 2 of split 'train'" in printed
    status, printed = run("--on-bad", "skip", "--max-bad", 0.2)
    assert status == 0
    assert "warning: 1 items of 'train' gave no record and are left out, see bad_records.jsonl" in printed
    assert "warning: 6 records in split 'train' where its owner counts 7" in printed
    (line,) = (tmp_path / "out" / "bad_records.jsonl").read_text().splitlines()
    assert json.loads(line)["index"] == 2 and "c.png" in json.loads(line)["item"]
    assert [record.key for record in records_of(tmp_path / "out", "train")] == list("abdefg")


def records_of(folder, split):
    source = RecordSource(folder)
    return [source.record(split, index) for index in range(source.num_examples(split))]


def test_overlaps_on_the_command_line(run, tiny_folder, tmp_path):
    with open(tiny_folder / "val.txt", "a") as file:
        file.write("a|film 2|again|\n")
    status, printed = run("--strict", "--splits", "train")
    assert status == 0 and "warning" not in printed
    status, printed = run("--overwrite")
    assert status == 0
    assert "warning: 1 keys are in both of ['train', 'val'], such as record 'a' of the first" in printed
    assert "warning: 1 pictures are in both of ['train', 'val'], such as record 'a' of the first" in printed
    assert "warning: 1 groups are in both of ['train', 'val'], such as record 'd' of the first" in printed
    assert "warning: 4 records in split 'val' where its owner counts 3" in printed
    status, printed = run("--overwrite", "--strict")
    assert status == 2 and "error: Counts must be the owner's" in printed
    assert len(records_of(tmp_path / "out", "val")) == 4, "the old output stays"


@pytest.mark.slow
def test_progress_is_a_line_a_second_or_a_bar(run, monkeypatch):
    status, printed = run("--option", "seconds=0.3", "--splits", "train")
    lines = [line for line in printed.splitlines() if "a second" in line]
    assert status == 0 and 2 <= len(lines) <= 5
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    status, printed = run("--overwrite")
    assert status == 0 and "10/10" in printed and "a second" not in printed


def test_command_line_errors(run, tmp_path, capsys):
    for arguments, message in (
        (["--direct_num_workers=2"], "unknown without --runner: --direct_num_workers=2"),
        (["--max-bad", "0.1"], "--max-bad belongs to --on-bad skip"),
        (["--runner", "X", "--workers", "2"], "Beam's own options say how many"),
        (["--on-bad", "ignore"], "invalid choice"),
    ):
        with pytest.raises(SystemExit):
            run(*arguments)
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["ref_coco"])
    assert "--list prints the names" in capsys.readouterr().err
    status, printed = run("--option", "split_by=unc")
    assert status == 2 and "must be among ['seconds']. Received: ['split_by']" in printed
    assert main(["nothing", "--manual-dir", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert "There must be such a data set. Received: 'nothing'" in capsys.readouterr().err


def test_interrupted_by_hand(run, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("data_pipelines.build.write_manifest", interrupt)
    status, printed = run()
    assert status == 130 and "interrupted" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manual"]


def test_list(capsys):
    assert main(["--list"]) == 0
    printed = capsys.readouterr().out
    for data_set in DATA_SETS.values():
        assert f"{data_set.name}: {data_set.description}" in printed and f"licence: {data_set.license}" in printed


def test_data_sets_are_found(tiny_set):
    assert "kmm_camvid" in DATA_SETS and "kmm_ref_coco" in DATA_SETS
    assert (
        data_pipelines.find_data_set("kmm_camvid") is data_pipelines.find_data_set("camvid") is DATA_SETS["kmm_camvid"]
    )
    assert data_pipelines.find_data_set(TINY).name == "kmm_tiny_set"
    assert data_pipelines.make_data_set(TINY, {"seconds": "0.5"}).seconds == 0.5
    for name in ("build", "nowhere", "no.such.module", "record_parts"):
        with pytest.raises(
            ValueError, match=f"There must be such a data set. Received: '{name}'. Choose among .*kmm_camvid"
        ):
            data_pipelines.find_data_set(name)
    with pytest.raises(ValueError, match=r"Options of .* must be among \['seconds'\]. Received: \['x'\]"):
        data_pipelines.make_data_set(TINY, {"x": "1"})
    with pytest.raises(ValueError, match=r"must suit it. Received: {'seconds': 'soon'} \(could not convert"):
        data_pipelines.make_data_set(TINY, {"seconds": "soon"})
    with pytest.raises(ValueError, match=r"must suit it. Received: {'split_by': 'me'} \(`split_by` must be one of"):
        data_pipelines.make_data_set("kmm_ref_coco", {"split_by": "me"})


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_keeps_the_contract(name):
    data_set = DATA_SETS[name]
    module = data_set.__module__.removeprefix("data_pipelines.")
    assert name == f"kmm_{module}" and data_set.__name__.lower() == module.replace("_", "")
    for attribute in ("description", "homepage", "citation", "license", "manual_files"):
        assert getattr(data_set, attribute).strip(), attribute
    made = data_set()
    assert made.task in ("referring", "semantic", "captions")
    assert (made.class_list is not None) == (made.task == "semantic")
    assert all(isinstance(count, int) for count in made.expected_counts.values())
    assert pickle.loads(pickle.dumps(made)).name == name, "workers get it as a pickle"
    json.dumps(made.class_list)


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_is_in_the_readme(name):
    """After a change of the class, copy what differs: `python -m data_pipelines.build --list` prints all of it."""
    text, data_set = README.read_text(encoding="utf-8"), DATA_SETS[name]
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
    assert data_set.task in row and data_set.license in row and data_set.homepage in row
    assert f"### {name}\n" in text and data_set.manual_files.strip() in text
