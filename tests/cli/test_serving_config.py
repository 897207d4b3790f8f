import pytest

from kmm.cli.main import main


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "run" / "saved_model"
    for version in (1, 2):
        (folder / str(version)).mkdir(parents=True)
        (folder / str(version) / "saved_model.pb").write_bytes(b"graph")
    return folder


def test_writes_and_says_how_to_go_on(directory, capsys):
    assert main(["serving", "config", str(directory)]) == 0
    text, errors = capsys.readouterr()
    output = directory.parent / "serving"
    assert errors == "" and text.startswith(f"written: {output / 'models.config'}\n")
    assert f"docker compose --file {output / 'docker-compose.yaml'} up --detach --wait" in text
    assert f"kubectl apply --filename {output / 'kubernetes.yaml'}" in text and "label" not in text
    assert (output / "docker-compose.yaml").exists()


def test_options(directory, tmp_path, capsys):
    output = tmp_path / "out"
    argv = ["serving", "config", directory, "--output", output, "--name", "streets", "--labels", "stable=1", "canary=2"]
    argv += ["--cores", 3, "--replicas", 4, "--image", "serving:x", "--no-bfloat16", "--no-batching"]
    assert main([str(word) for word in argv]) == 0
    text = capsys.readouterr().out
    assert "A request without a label goes to the highest version that is served, 2." in text
    assert "/v1/models/streets" in text
    manifest = (output / "kubernetes.yaml").read_text()
    assert "replicas: 4" in manifest and '"serving:x"' in manifest and "inter_op_parallelism=3" in manifest
    assert "BF16" not in manifest and "enable_batching" not in manifest
    assert 'key: "stable" value: 1' in (output / "models.config").read_text()


def test_force(directory, fails, capsys):
    main(["serving", "config", str(directory)])
    (directory.parent / "serving" / "models.config").write_text("mine")
    assert "Replace them with --force" in fails("serving", "config", directory)
    assert main(["serving", "config", str(directory), "--force"]) == 0
    assert (directory.parent / "serving" / "models.config").read_text() != "mine"


def test_errors(directory, fails, capsys):
    assert fails("serving", "config", directory, "--labels", "stable=3").startswith("A label must name a version")
    message = fails("serving", "config", directory, "--labels", "a=1", "a=2")
    assert message.startswith("A label must be given once. Received: --labels a=1 a=2.")
    with pytest.raises(SystemExit):
        main(["serving", "config", str(directory), "--labels", "stable"])
    assert "must be LABEL=VERSION, such as stable=1. Received: stable" in capsys.readouterr().err
