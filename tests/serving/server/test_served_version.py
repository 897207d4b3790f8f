from kmm.serving.server.served_version import ServedVersion


def test_the_last_user_is_noticed():
    version, gone = ServedVersion(1, "x"), []
    version.on_unused = lambda: gone.append(version.users)
    with version.use(), version.use():
        assert version.users == 2
    assert gone == [0]


def test_status_is_as_tensorflow_serving_writes_it():
    version = ServedVersion(12, "x")
    version.state, version.error_code, version.error_message = "END", "DATA_LOSS", "cut"
    assert version.status() == {
        "version": "12",
        "state": "END",
        "status": {"error_code": "DATA_LOSS", "error_message": "cut"},
    }
