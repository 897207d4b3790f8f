"""All files that put an export into production with TensorFlow Serving."""

import math
import os
import pathlib
import re

from kmm.serving.deployment.docker_compose import docker_compose
from kmm.serving.deployment.kubernetes_manifest import kubernetes_manifest, upload_manifest
from kmm.serving.deployment.server_configs import models_config, monitoring_config
from kmm.serving.deployment.server_flags import server_environment, server_flags
from kmm.serving.version_folders import find_versions

IMAGE = "tensorflow/serving:2.21.0"
"""The official image of the TensorFlow release that exports are written with."""

NAME = re.compile(r"[a-z]([a-z0-9-]{0,39}[a-z0-9])?")
LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
GIB = 2**30


def write_serving_config(
    directory,
    output=None,
    name="kmm",
    labels=None,
    cores=None,
    replicas=1,
    image=IMAGE,
    bfloat16=True,
    batching=True,
    overwrite=False,
):
    """Writes what `tensorflow_model_server`, Docker Compose and Kubernetes need to serve an export.

    `models.config` says which versions are served: with labels exactly the labelled ones, otherwise the highest, and a
    new one as soon as it appears. `batching_parameters.pbtxt` and `monitoring.config` go with it. `docker-compose.yaml`
    serves on this computer, for this computer alone. `kubernetes.yaml` makes a volume claim, the configuration, a
    deployment and a service; the versions are copied into the claim with the pod of `kubernetes_upload.yaml`. In both
    the server has no rights, reads the versions and writes nothing.

    Args:
        directory: folder of all versions of the export.
        output: folder to write into; `None` for the folder `serving` beside `directory`.
        name: the model's name in requests, and that of what Docker and Kubernetes make.
        labels: dict from labels, such as "stable", to versions.
        cores: how many cores each server gets; `None` for those of this computer.
        replicas: how many servers Kubernetes runs.
        image: the container's image.
        bfloat16: whether the multiplications of a float32 export run in bfloat16, on processors that have them.
        batching: whether requests that wait at a time are merged; `ask` then takes one picture's features only for one
            prompt.
        overwrite: whether files that are there with another content are replaced.

    Returns:
        list of the paths of the files.

    Raises:
        ValueError: there is no version, a label names one that is missing, an argument is out of range, or the server
            could not read the export, which it does as a user without rights.
        FileExistsError: a file is there with another content. Nothing is written then.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.chmod(folder, 0o755)
    ...     pathlib.Path(folder, "saved_model", "1").mkdir(parents=True)
    ...     paths = write_serving_config(f"{folder}/saved_model")
    >>> [path.name for path in paths][:3]
    ['models.config', 'batching_parameters.pbtxt', 'monitoring.config']
    """
    from kmm.export.batching_parameters import batching_parameters

    directory = pathlib.Path(directory)
    output = directory.resolve().parent / "serving" if output is None else pathlib.Path(output)
    cores = os.cpu_count() if cores is None else cores
    labels = sorted((labels or {}).items())
    _check_arguments(name, cores, replicas, image)
    versions = served_versions(directory, labels)
    _check_readable(directory)
    for version in versions.values():
        _check_readable(version, *version.rglob("*"))
    size_gib = max(_size(path) for path in versions.values()) / GIB
    memory_gib = 1 + math.ceil(2 * (len(versions) + 1) * size_gib)  # a new one is loaded before the old one goes
    own_batching = all((path / "batching_params.pbtxt").is_file() for path in versions.values())
    flags = server_flags(cores, batching, own_batching)
    environment = server_environment(bfloat16)
    files = {
        "models.config": models_config(name, labels),
        "batching_parameters.pbtxt": batching_parameters(cores),
        "monitoring.config": monitoring_config(),
    }
    for_containers = {
        "docker-compose.yaml": docker_compose(directory, output, name, image, cores, memory_gib, flags, environment),
        "kubernetes.yaml": kubernetes_manifest(
            name, image, cores, memory_gib, 1 + math.ceil(10 * size_gib), replicas, flags, environment, files
        ),
        "kubernetes_upload.yaml": upload_manifest(name, image),
    }
    return _write(output, files | for_containers, overwrite)


def served_versions(directory, labels=()):
    """The versions that the server loads: the labelled ones, or the highest.

    Args:
        directory: folder of all versions of the export.
        labels: pairs of a label and a version.

    Returns:
        dict from versions to their folders.

    Raises:
        ValueError: there is no version, or a label names one that is missing.
    """
    directory = pathlib.Path(directory)
    if not directory.is_dir() or (directory / "saved_model.pb").exists():
        what = "one of its versions" if directory.is_dir() else "no folder"
        raise ValueError(
            f"The directory must be the folder of all versions of an export. Received: {directory}, which is {what}. "
            "`kmm export --output DIR` makes one; versions are its folders 1, 2, ..."
        )
    versions = find_versions(directory)
    if not versions:
        raise ValueError(
            f"The directory must hold a version, a folder named by a number. Received: {directory}, which holds "
            f"{sorted(path.name for path in directory.iterdir())}. Write one with `kmm export`."
        )
    for label, version in labels:
        if not LABEL.fullmatch(label):
            raise ValueError(
                f"A label must consist of letters, digits, '_', '-' and '.', 63 at most. Received: {label!r}. "
                "Give one such as stable."
            )
        if version not in versions:
            raise ValueError(
                f"A label must name a version that exists. Received: {label}={version}. {directory} holds: "
                f"{sorted(versions)}. A server loads a version before it can have a label."
            )
    wanted = {version for _, version in labels} or {max(versions)}
    return {version: versions[version] for version in sorted(wanted)}


def _size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _check_arguments(name, cores, replicas, image):
    if not NAME.fullmatch(name):
        raise ValueError(
            "name must consist of small letters, digits and '-', begin with a letter and have 41 at most, since it "
            f"also names what Kubernetes makes. Received: name={name!r}. Give one such as street-scenes."
        )
    for argument, value in (("cores", cores), ("replicas", replicas)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(
                f"{argument} must be a whole number from 1. Received: {argument}={value!r}. Give 1 or more."
            )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*", image):
        raise ValueError(f"image must name a container's image. Received: image={image!r}. The usual one is {IMAGE}.")


def _check_readable(folder, *files):
    for path in (folder, *files):
        needed = 0o005 if path.is_dir() else 0o004
        if path.stat().st_mode & needed != needed:
            raise ValueError(
                "All users must be able to read the export and the configuration, since the server runs as one "
                f"without rights. Received: {path} with the mode {path.stat().st_mode & 0o777:o}. "
                f"Run: chmod {'-R ' if files else ''}a+rX {folder}"
            )


def _write(output, files, overwrite):
    """Writes all files or none; each is replaced in one step, while a server may read it."""
    if output.exists() and not output.is_dir():
        raise FileExistsError(f"output must be a folder. Received: {output}, which is a file. Choose another.")
    paths = [output / file for file in files]
    other = [path for path in paths if path.exists() and path.read_text(encoding="utf-8") != files[path.name]]
    if other and not overwrite:
        raise FileExistsError(
            "Files with another content are only replaced where that is wanted. "
            f"Received: {', '.join(map(str, other))}. Replace them with --force (overwrite=True), or choose another "
            "--output."
        )
    if output.exists():
        _check_readable(output)
    else:
        output.mkdir(parents=True)
        output.chmod(0o755)  # whatever the umask says: the server runs as another user
    for path in paths:
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.write_text(files[path.name], encoding="utf-8")
        unfinished.chmod(0o644)
        unfinished.replace(path)
    return paths
