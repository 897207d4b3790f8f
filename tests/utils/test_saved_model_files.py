import gc
import shutil

from kmm.utils.saved_model_files import SavedModelFiles, fingerprint_of


def make_folder(folder, graph=b"graph"):
    for name, content in {
        "saved_model.pb": graph,
        "variables/variables.index": b"index",
        "assets/words.txt": b"red\n",
        "assets.extra/tf_serving_warmup_requests": b"warm-up",
        "notes.txt": b"notes",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_copy_outlives_the_original_and_dies_with_its_owner(tmp_path):
    source = make_folder(tmp_path / "source")
    files = SavedModelFiles(source)
    shutil.rmtree(source)
    files.copy_to(tmp_path / "copy")
    assert names(tmp_path / "copy") == ["assets/words.txt", "saved_model.pb", "variables/variables.index"]
    assert SavedModelFiles.find(files.fingerprint) is files
    folder, fingerprint = files.folder, files.fingerprint
    del files
    gc.collect()
    assert not folder.exists() and SavedModelFiles.find(fingerprint) is None


def test_an_older_copy_is_found_when_the_newer_is_gone(tmp_path):
    source = make_folder(tmp_path / "source")
    older, newer = SavedModelFiles(source), SavedModelFiles(source)
    del newer
    gc.collect()
    assert SavedModelFiles.find(older.fingerprint) is older


def test_the_fingerprint_is_of_graph_and_assets(tmp_path):
    one = make_folder(tmp_path / "one")
    other = make_folder(tmp_path / "other")
    assert fingerprint_of(one) == fingerprint_of(other)
    (other / "variables" / "variables.index").write_bytes(b"other values")
    assert fingerprint_of(one) == fingerprint_of(other)
    (other / "assets" / "words.txt").write_bytes(b"green\n")
    assert fingerprint_of(one) != fingerprint_of(other)
    assert fingerprint_of(make_folder(tmp_path / "third", b"another graph")) != fingerprint_of(one)
