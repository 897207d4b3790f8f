"""The three files that `tensorflow_model_server` reads, in the text format of protocol buffers."""

METRICS_PATH = "/monitoring/prometheus/metrics"


def models_config(name, labels=()):
    """`models.config`: which model, and which of its versions.

    Args:
        name: name of the model, and of its folder under `/models`.
        labels: pairs of a label and a version; exactly these versions are loaded. Without labels, the highest.

    Returns:
        text, a `ModelServerConfig`.

    Example:

    >>> print(models_config("kmm", [("stable", 1)]))  # doctest: -NORMALIZE_WHITESPACE
    model_config_list {
      config {
        name: "kmm"
        base_path: "/models/kmm"
        model_platform: "tensorflow"
        model_version_policy { specific { versions: 1 } }
        version_labels { key: "stable" value: 1 }
      }
    }
    <BLANKLINE>
    """
    versions = sorted({version for _, version in labels})
    policy = f"specific {{ {' '.join(f'versions: {version}' for version in versions)} }}"
    lines = [
        f'name: "{name}"',
        f'base_path: "/models/{name}"',
        'model_platform: "tensorflow"',
        f"model_version_policy {{ {policy if versions else 'latest { num_versions: 1 }'} }}",
        *(f'version_labels {{ key: "{label}" value: {version} }}' for label, version in labels),
    ]
    return "\n".join(["model_config_list {", "  config {", *(f"    {line}" for line in lines), "  }", "}", ""])


def monitoring_config():
    """`monitoring.config`: figures for Prometheus, at the REST port.

    Returns:
        text, a `MonitoringConfig`.

    Example:

    >>> print(monitoring_config())
    prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }
    """
    return f'prometheus_config {{ enable: true path: "{METRICS_PATH}" }}\n'
