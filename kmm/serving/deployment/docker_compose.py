"""A Docker Compose file for TensorFlow Serving."""

import json
import os

from kmm.serving.deployment.server_flags import CONFIG_FOLDER, GRPC_PORT, REST_PORT, USER

HEALTH_CHECK = (
    f"exec 3<>/dev/tcp/127.0.0.1/{REST_PORT} && printf 'GET /v1/models/NAME HTTP/1.0\\r\\n\\r\\n' >&3 "
    "&& grep -q '\"AVAILABLE\"' <&3"
)
"""A request in bash alone: the image has no curl."""


def docker_compose(directory, output, name, image, cores, memory_gib, flags, environment):
    """`docker-compose.yaml`: the server on this computer, for this computer alone.

    Both folders are given relative to the file, so that it goes with them to another computer.

    Args:
        directory: folder of all versions of the export.
        output: folder of the file, which also holds the configuration files.
        name: name of the model.
        image: the container's image.
        cores: how many cores the container may use.
        memory_gib: how much memory it may use, GiB.
        flags: the container's command, as `server_flags` gives it.
        environment: dict of its environment variables.

    Returns:
        text.

    Example:

    >>> text = docker_compose("saved_model", "serving", "kmm", "tensorflow/serving", 2, 1, ["--port=8500"], {})
    >>> "source: \\"../saved_model\\"" in text
    True
    """
    source = os.path.relpath(os.path.realpath(directory), os.path.realpath(output))
    health_check = HEALTH_CHECK.replace("NAME", name)
    lines = [
        f"name: {name}",
        "services:",
        f"  {name}:",
        f"    image: {_quoted(image)}",
        "    entrypoint:",
        *(f"      - {_quoted(flag)}" for flag in flags),
        "    environment:" if environment else "    environment: {}",
        *(f"      {key}: {_quoted(value)}" for key, value in environment.items()),
        "    ports:  # without the address, every computer in the network could ask",
        *(f'      - "127.0.0.1:{port}:{port}"' for port in (GRPC_PORT, REST_PORT)),
        "    volumes:",
        *_mount(source if source.startswith(".") else f"./{source}", f"/models/{name}"),
        *_mount(".", CONFIG_FOLDER),
        f"    cpus: {cores}",
        f"    mem_limit: {memory_gib}g",
        f'    user: "{USER}:{USER}"',
        "    read_only: true",
        "    tmpfs:",
        "      - /tmp",
        "    cap_drop:",
        "      - ALL",
        "    security_opt:",
        '      - "no-new-privileges:true"',
        "    restart: unless-stopped",
        "    healthcheck:",
        f'      test: ["CMD", "bash", "-c", {_quoted(health_check)}]',
        "      interval: 5s",
        "      timeout: 3s",
        "      retries: 3",
        "      start_period: 120s",
    ]
    return "\n".join(lines) + "\n"


def _mount(source, target):
    return [
        "      - type: bind",
        f"        source: {_quoted(source)}",
        f"        target: {_quoted(target)}",
        "        read_only: true",
    ]


def _quoted(text):
    """A YAML string; Compose replaces what follows a single dollar."""
    return json.dumps(text).replace("$", "$$")
