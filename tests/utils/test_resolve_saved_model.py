import sys
import types

import pytest

from kmm.utils.resolve_saved_model import resolve_saved_model

HANDLE = "https://tfhub.dev/google/some-module/1"


def install_hub(monkeypatch, resolve):
    monkeypatch.setitem(sys.modules, "tensorflow_hub", types.SimpleNamespace(resolve=resolve))


def test_a_folder_is_itself(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert resolve_saved_model(tmp_path) == tmp_path
    assert resolve_saved_model(str(tmp_path)) == tmp_path


def test_a_handle_is_resolved_by_tensorflow_hub(tmp_path, monkeypatch):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    install_hub(monkeypatch, {HANDLE: str(tmp_path)}.__getitem__)
    assert resolve_saved_model(HANDLE) == tmp_path


def test_what_leads_nowhere_is_refused(tmp_path):
    with pytest.raises(TypeError, match="named by its folder or its handle. Received: source=5"):
        resolve_saved_model(5)
    with pytest.raises(FileNotFoundError, match="must exist. Received: source='.*nowhere'"):
        resolve_saved_model(tmp_path / "nowhere")
    (tmp_path / "model.keras").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="must exist. Received: source='.*model.keras'"):
        resolve_saved_model(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"must hold a SavedModel.*with \['model.keras'\]"):
        resolve_saved_model(tmp_path)


def test_a_handle_without_a_network_is_refused(monkeypatch):
    def resolve(handle):
        raise OSError("Name or service not known")

    install_hub(monkeypatch, resolve)
    with pytest.raises(
        ConnectionError, match="could not be resolved .OSError: Name or service.*Received: source='https"
    ):
        resolve_saved_model(HANDLE)


@pytest.mark.parametrize("broken", [False, True])
def test_without_tensorflow_hub_the_error_gives_the_line_to_run(monkeypatch, broken):
    if broken:  # as with setuptools >= 82

        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "tensorflow_hub":
                    raise ModuleNotFoundError("No module named 'pkg_resources'", name="pkg_resources")

        monkeypatch.delitem(sys.modules, "tensorflow_hub", raising=False)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    else:
        monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[hub\]".*it keeps setuptools below 82'):
        resolve_saved_model(HANDLE)
