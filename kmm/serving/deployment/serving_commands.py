"""The commands that start TensorFlow Serving and ask it."""

import json
import pathlib
import shlex

from kmm.serving.deployment.server_configs import METRICS_PATH
from kmm.serving.deployment.server_flags import GRPC_PORT, REST_PORT

# Versions that are there stay as they are, and what is no version, such as an unfinished export, is dropped.
_MOVE = (
    'cd /models/unfinished && for v in *; do case "$v" in *[!0-9]*) ;; *) [ -e "/models/$v" ] || mv "$v" /models/ ;; '
    "esac; done; rm -rf /models/unfinished"
)


def serving_commands(directory, output, name, version):
    """What to type after `write_serving_config`, as one text.

    Args:
        directory: folder of all versions of the export.
        output: folder of the written files.
        name: name of the model.
        version: folder of a version; its model card, where it has one, says what it is asked with.

    Returns:
        text: lines of comments, which begin with "#", and commands for bash.

    Example:

    >>> text = serving_commands("saved_model", "serving", "kmm", "saved_model/1")
    >>> text.splitlines()[1]
    'docker compose --file serving/docker-compose.yaml up --detach --wait'
    """
    card = _read_card(version)
    reads_words = card.get("reads_words", True)
    row = '{"image_bytes": {"b64": "\'"$(base64 < street.jpg | tr -d \'\\n\')"\'"}'
    row += ', "prompt": "the red car"' if reads_words else ""
    signature = "segment" if "segment" in card.get("endpoints", ()) else "serving_default"
    row += ', "threshold": 0}' if signature == "segment" else "}"
    address = f"http://127.0.0.1:{REST_PORT}"
    compose, manifest, upload = (
        shlex.quote(str(pathlib.Path(output) / file))
        for file in ("docker-compose.yaml", "kubernetes.yaml", "kubernetes_upload.yaml")
    )
    prompts = ", ['the red car']" if reads_words else ""
    lines = [
        "# serve on this computer",
        f"docker compose --file {compose} up --detach --wait",
        "# ask: which versions, figures, one picture",
        f"curl {address}/v1/models/{name}",
        f"curl {address}{METRICS_PATH}",
        f"""echo '{{"signature_name": "{signature}", "instances": [{row}]}}' | """
        f"curl --data-binary @- {address}/v1/models/{name}:predict",
        f"python -c \"import kmm.serving; client = kmm.serving.Client('{address}', model='{name}'); "
        f"answer = client.segment('street.jpg'{prompts}); print(answer.scores, answer.masks.shape)\"",
        f"kmm serving load --url grpc://127.0.0.1:{GRPC_PORT} --model {name} --requests 200 --concurrency 4",
        "# serve in a cluster: make the volume claim and the rest, and copy the versions into the claim; a new version "
        "is copied in the same way",
        f"kubectl apply --filename {manifest} --filename {upload}",
        f"kubectl wait --for=condition=Ready --timeout=300s pod/{name}-upload",
        f"kubectl exec {name}-upload -- rm -rf /models/unfinished",
        f"kubectl cp {shlex.quote(str(directory))} {name}-upload:/models/unfinished",
        f"kubectl exec {name}-upload -- sh -c {shlex.quote(_MOVE)}",
        f"kubectl delete pod {name}-upload --wait=false",
        f"kubectl rollout status deployment/{name}",
        f"kubectl port-forward service/{name} {GRPC_PORT} {REST_PORT}  # then ask as above",
    ]
    return "\n".join(lines) + "\n"


def _read_card(version):
    try:
        return json.loads((pathlib.Path(version) / "assets.extra" / "model_card.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
