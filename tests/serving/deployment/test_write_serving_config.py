import os

import pytest

from kmm.serving.deployment.write_serving_config import served_versions, write_serving_config

FILES = [
    "models.config",
    "batching_parameters.pbtxt",
    "monitoring.config",
    "docker-compose.yaml",
    "kubernetes.yaml",
    "kubernetes_upload.yaml",
]


@pytest.fixture
def directory(tmp_path):
    """A folder with the versions 1, 2 and 10, of which the last brings its own batching parameters."""
    folder = tmp_path / "run" / "saved_model"
    for version in (1, 2, 10):
        (folder / str(version)).mkdir(parents=True)
        (folder / str(version) / "saved_model.pb").write_bytes(b"graph")
    (folder / "10" / "batching_params.pbtxt").write_text("max_batch_size { value: 4 }")
    (folder / "unfinished-1").mkdir()
    return folder


def contents(paths):
    return {path.name: path.read_text() for path in paths}


def test_files(directory):
    paths = write_serving_config(directory, cores=3)
    output = directory.parent / "serving"
    assert paths == [output / name for name in FILES]
    assert sorted(path.name for path in output.iterdir()) == sorted(FILES)
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in paths), "the server runs as another user"
    texts = contents(paths)
    assert "latest { num_versions: 1 }" in texts["models.config"]
    for name in ("docker-compose.yaml", "kubernetes.yaml"):
        assert "--tensorflow_intra_op_parallelism=3" in texts[name] and "BF16" in texts[name]
        assert "--enable_per_model_batching_parameters=true" in texts[name]
    assert "num_batch_threads { value: 3 }" in texts["kubernetes.yaml"]


def test_choices(directory, tmp_path):
    texts = contents(
        write_serving_config(
            str(directory),
            str(tmp_path / "other" / "folder"),
            name="streets",
            labels={"stable": 1, "canary": 10},
            replicas=3,
            image="mirror.example/serving:1",
            bfloat16=False,
            batching=False,
        )
    )
    assert "specific { versions: 1 versions: 10 }" in texts["models.config"]
    assert "replicas: 3" in texts["kubernetes.yaml"]
    for name in ("docker-compose.yaml", "kubernetes.yaml"):
        assert "BF16" not in texts[name] and "enable_batching" not in texts[name]
        assert "mirror.example/serving:1" in texts[name] and "/models/streets" in texts[name]


def test_batching_parameters_of_all_versions_or_of_none(directory):
    texts = contents(write_serving_config(directory, labels={"stable": 1, "canary": 10}))
    assert "--enable_per_model_batching_parameters" not in texts["docker-compose.yaml"]


def test_memory_follows_the_size_of_the_export(directory):
    with (directory / "10" / "variables").open("wb") as file:
        file.truncate(int(1.49 * 2**30))  # holds no blocks on the disk
    texts = contents(write_serving_config(directory))
    assert "mem_limit: 7g" in texts["docker-compose.yaml"] and "memory: 7Gi" in texts["kubernetes.yaml"]
    assert "storage: 16Gi" in texts["kubernetes.yaml"]


def test_served_versions(directory):
    assert served_versions(directory) == {10: directory / "10"}
    labels = [("a", 2), ("b", 1), ("c", 2)]
    assert list(served_versions(directory, labels).items()) == [(1, directory / "1"), (2, directory / "2")]


def test_other_content_is_only_replaced_where_wanted(directory):
    paths = write_serving_config(directory)
    before = contents(paths)
    assert contents(write_serving_config(directory)) == before
    paths[1].write_text("tuned by hand")
    with pytest.raises(
        FileExistsError, match=r"only replaced where .*Received: .*/batching_parameters.pbtxt, .*--force"
    ):
        write_serving_config(directory, name="streets")
    assert contents(paths) == before | {"batching_parameters.pbtxt": "tuned by hand"}
    assert contents(write_serving_config(directory, overwrite=True)) == before


def test_output_that_is_a_file(directory, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError, match="output must be a folder. Received: .*file, which is a file"):
        write_serving_config(directory, tmp_path / "file")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "My_Model"}, "name must consist of small letters.*Received: name='My_Model'"),
        ({"name": "x" * 42}, "name must consist of"),
        ({"name": "a\nb"}, "name must consist of"),
        ({"cores": 0}, "cores must be a whole number from 1. Received: cores=0"),
        ({"replicas": 1.5}, "replicas must be a whole number from 1. Received: replicas=1.5"),
        ({"replicas": True}, "replicas must be a whole number"),
        ({"image": 'x"\n'}, "image must name a container's image. Received: image="),
        ({"labels": {"stable": 3}}, r"must name a version that exists. Received: stable=3.* holds: \[1, 2, 10\]"),
        ({"labels": {'st"able': 1}}, "A label must consist of letters.*Received: 'st\"able'"),
    ],
)
def test_wrong_arguments(directory, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_serving_config(directory, **arguments)
    assert not (directory.parent / "serving").exists()


def test_wrong_directory(directory, tmp_path):
    with pytest.raises(ValueError, match="folder of all versions of an export. Received: .*gone, which is no folder"):
        write_serving_config(tmp_path / "gone")
    with pytest.raises(ValueError, match="Received: .*10, which is one of its versions"):
        write_serving_config(directory / "10")
    with pytest.raises(ValueError, match=r"must hold a version, .* which holds \['saved_model'\]. Write one with `kmm"):
        write_serving_config(directory.parent)


@pytest.mark.parametrize(
    ("name", "mode"), [("10/variables", 0o750), ("10/saved_model.pb", 0o640), (".", 0o700), ("../serving", 0o711)]
)
def test_what_the_server_could_not_read(directory, name, mode):
    path = (directory / name).resolve()
    if not path.exists():
        path.mkdir()
    os.chmod(path, mode)
    with pytest.raises(ValueError, match=rf"must be able to read.*{path} with the mode {mode:o}. Run: chmod .*a\+rX /"):
        write_serving_config(directory)
    assert not (directory.parent / "serving" / "models.config").exists()


def test_the_server_can_enter_the_output_whatever_the_umask_says(directory):
    before = os.umask(0o077)
    try:
        paths = write_serving_config(directory)
    finally:
        os.umask(before)
    assert paths[0].parent.stat().st_mode & 0o777 == 0o755
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in paths)
