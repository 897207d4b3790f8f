"""The files of a SavedModel, kept apart from the folder they came from."""

import hashlib
import pathlib
import shutil
import tempfile
import weakref


class SavedModelFiles:
    """A copy of a SavedModel's files that lives as long as this object.

    So the original may be deleted or overwritten. `fingerprint` tells one SavedModel from another by its graph and its
    assets; the values of its variables do not count.

    Args:
        folder: the folder that holds `saved_model.pb`.
    """

    _alive = weakref.WeakSet()

    def __init__(self, folder):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kmm_saved_model_")) / "saved_model"
        weakref.finalize(self, shutil.rmtree, self.folder.parent, ignore_errors=True)
        _copy(pathlib.Path(folder), self.folder)
        self.fingerprint = fingerprint_of(self.folder)
        self._alive.add(self)

    @classmethod
    def find(cls, fingerprint):
        """The files with this fingerprint, if something in this process still holds them, else `None`."""
        return next((files for files in cls._alive if files.fingerprint == fingerprint), None)

    def copy_to(self, folder):
        """Write the files into a folder that does not exist yet."""
        _copy(self.folder, pathlib.Path(folder))


def fingerprint_of(folder):
    """A SHA-256 sum over the graph and the assets of a SavedModel."""
    digest = hashlib.sha256()
    for path in _files(pathlib.Path(folder)):
        name = path.relative_to(folder).as_posix()
        if not name.startswith("variables/"):
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
    return digest.hexdigest()


def _copy(source, target):
    for path in _files(source):
        destination = target / path.relative_to(source)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination)


def _files(folder):
    """What TensorFlow reads: the graph, variables and assets; no warm-up requests, no notes beside them."""
    found = [folder / name for name in ("saved_model.pb", "saved_model.pbtxt")]
    found += [path for name in ("assets", "variables") for path in (folder / name).rglob("*")]
    return sorted(path for path in found if path.is_file())
