"""Where a model is served."""

import dataclasses
import urllib.parse

SCHEMES = ("http", "https", "grpc", "grpcs")


@dataclasses.dataclass(frozen=True)
class ModelAddress:
    """A server's URL and the model asked there.

    Args:
        url: `http://host:port` or `https://host` for REST, `grpc://host:port` or `grpcs://host:port` for gRPC; the ones
            with s are encrypted. A path before `/v1`, as gateways have it, may follow the host of the first two.
        model: name of the model.
        version: number of one version; `None` for the one the server prefers, the latest.
        label: label of a version, such as "stable"; `None` for none.

    Raises:
        TypeError: `version` is not an integer.
        ValueError: another scheme, no host, no port for gRPC, an empty name, a negative version, or both a version and
            a label.

    Example:

    >>> ModelAddress("http://127.0.0.1:8501", "kmm", label="stable").path
    '/v1/models/kmm/labels/stable'
    """

    url: str
    model: str
    version: int | None = None
    label: str | None = None

    def __post_init__(self):
        if not isinstance(self.model, str) or not self.model:
            raise ValueError(f"A model must have a name. Received: model={self.model!r}. The usual one is 'kmm'.")
        if self.version is not None and (not isinstance(self.version, int) or isinstance(self.version, bool)):
            raise TypeError(f"A version must be an integer. Received: version={self.version!r}. Labels go by label=.")
        if self.version is not None and self.version < 0:
            raise ValueError(f"A version must not be negative. Received: version={self.version}. They count from 1.")
        if self.version is not None and self.label is not None:
            raise ValueError(
                f"Only one of version and label chooses. Received: version={self.version}, label={self.label!r}. "
                "Leave one of them out."
            )
        parts = self._parts
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError(
                f"A server's address must start with one of {', '.join(f'{s}://' for s in SCHEMES)} and name a host. "
                f"Received: url={self.url!r}. REST is at http://127.0.0.1:8501 by default, gRPC at grpc://127.0.0.1:8500."
            )
        if self.port is None and parts.scheme.startswith("grpc"):
            raise ValueError(f"A gRPC address must have a port. Received: url={self.url!r}. The usual one is :8500.")

    @property
    def _parts(self):
        return urllib.parse.urlsplit(self.url)

    @property
    def scheme(self):
        """What comes before `://`."""
        return self._parts.scheme

    @property
    def host(self):
        """Name or number of the host."""
        return self._parts.hostname

    @property
    def port(self):
        """Number of the port; `None` where the address has none."""
        try:
            return self._parts.port
        except ValueError as error:
            raise ValueError(
                f"A port must be a number up to 65535. Received: url={self.url!r}. REST is usually at 8501."
            ) from error

    @property
    def path(self):
        """Path of the model's REST resources."""
        path = f"{self._parts.path.rstrip('/')}/v1/models/{urllib.parse.quote(self.model, safe='')}"
        if self.version is not None:
            return f"{path}/versions/{self.version}"
        return path if self.label is None else f"{path}/labels/{urllib.parse.quote(self.label, safe='')}"

    def __str__(self):
        which = f" version {self.version}" if self.version is not None else ""
        which += f" label {self.label!r}" if self.label is not None else ""
        return f"{self._parts.scheme}://{self._parts.netloc.rpartition('@')[2]} (model {self.model!r}{which})"
