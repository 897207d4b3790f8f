import pytest

from kmm.serving.client.model_address import ModelAddress


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("http://h:8501", "kmm"), "/v1/models/kmm"),
        (("http://h:8501/", "kmm", 3), "/v1/models/kmm/versions/3"),
        (("https://gateway/models/a/", "my model/2", None, "a b"), "/models/a/v1/models/my%20model%2F2/labels/a%20b"),
    ],
)
def test_path(arguments, path):
    assert ModelAddress(*arguments).path == path


def test_parts_and_text():
    address = ModelAddress("grpc://[::1]:8500", "kmm", label="stable")
    assert (address.scheme, address.host, address.port) == ("grpc", "::1", 8500)
    assert str(address) == "grpc://[::1]:8500 (model 'kmm' label 'stable')"
    assert "secret" not in str(ModelAddress("http://me:secret@h:1", "kmm", version=2))
    assert ModelAddress("http://h", "kmm").port is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("127.0.0.1:8501", "kmm"), r"must start with one of http://.*Received: url='127.0.0.1:8501'"),
        (("ftp://h:1", "kmm"), "must start with one of"),
        (("http://:8501", "kmm"), "name a host"),
        (("grpc://h", "kmm"), "A gRPC address must have a port"),
        (("http://h:99999", "kmm"), "A port must be a number up to 65535"),
        (("http://h:1", ""), "A model must have a name"),
        (("http://h:1", "kmm", -1), "A version must not be negative"),
        (("http://h:1", "kmm", 1, "stable"), "Only one of version and label"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModelAddress(*arguments)


@pytest.mark.parametrize("version", ["stable", True, 1.0])
def test_versions_are_integers(version):
    with pytest.raises(TypeError, match="A version must be an integer. Received: version="):
        ModelAddress("http://h:1", "kmm", version)
