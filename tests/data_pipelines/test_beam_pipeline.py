import pytest

from data_pipelines.build import build, main

RUNNERS = {
    "in this process": ["--runner=BundleBasedDirectRunner"],
    "two threads": ["--runner=FnApiRunner", "--direct_num_workers=2", "--direct_running_mode=multi_threading"],
    "two processes": ["--runner=FnApiRunner", "--direct_num_workers=2", "--direct_running_mode=multi_processing"],
}
CASES = [pytest.param(name, marks=[pytest.mark.slow] if "processes" in name else []) for name in RUNNERS]


@pytest.mark.parametrize("runner", CASES)
def test_beam_writes_the_same_bytes(runner, tiny_set, tiny_folder, tmp_path, read_folder):
    (tiny_folder / "pictures" / "b.png").unlink()
    settings = {"num_shards": 3, "max_bad_share": 0.2}
    alone = build(tiny_set, tiny_folder, tmp_path / "alone", **settings)
    report = build(tiny_set, tiny_folder, tmp_path / "beam", **settings, beam_options=RUNNERS[runner])
    assert report == alone and report["splits"]["train"]["num_examples"] == 6
    expected = read_folder(tmp_path / "alone")
    assert read_folder(tmp_path / "beam") == expected
    assert len(expected) == 2 * 6 + 3, "six shards with offsets; manifest, report, list of bad records"


@pytest.mark.parametrize("runner", CASES)
def test_a_failure_on_a_worker_reaches_the_user(runner, tiny_set, tiny_folder, tmp_path):
    (tiny_folder / "pictures" / "e.png").unlink()
    with pytest.raises((RuntimeError, ValueError), match="item 4 of split 'train'.*There must be a picture"):
        build(tiny_set, tiny_folder, tmp_path / "out", num_shards=3, beam_options=RUNNERS[runner])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manual"]


def test_lists_that_change_meanwhile(tiny_set, tiny_folder, tmp_path):
    count = 0

    class Growing(type(tiny_set)):
        def items(self, manual_dir, split):
            nonlocal count
            count += 1
            items = list(super().items(manual_dir, split))
            return iter(items if count == 1 else items * 2)

    with pytest.raises((RuntimeError, ValueError), match="the same items each time. Received: 3 more for split 'val'"):
        build(Growing(), tiny_folder, tmp_path / "out", ["val"], beam_options=RUNNERS["in this process"])


def test_command(tiny_folder, tmp_path, capsys):
    arguments = ["tests.data_pipelines.conftest", "--manual-dir", str(tiny_folder), "--num-shards", "2"]
    assert main([*arguments, "--output", str(tmp_path / "alone")]) == 0
    alone = capsys.readouterr().out.splitlines()
    beam = ["--runner", "FnApiRunner", "--direct_num_workers", "2"]
    assert main([*arguments, "--output", str(tmp_path / "beam"), *beam]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"written: {tmp_path / 'beam'}", *alone[-2:]], "Beam shows progress in its own way"
    (tiny_folder / "pictures" / "a.png").unlink()
    assert main([*arguments, "--output", str(tmp_path / "beam"), *beam, "--overwrite"]) == 2
    assert "item 0 of split 'train'" in capsys.readouterr().err
