"""What a server counts, for Prometheus."""

import prometheus_client

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class ServerMetrics:
    """Counters and histograms of one server, in a registry of its own.

    Example:

    >>> metrics = ServerMetrics()
    >>> metrics.observe_request("rest", "predict", "OK", seconds=0.02)
    >>> metrics.observe_batch(3)
    >>> b'kmm_requests_total{code="OK",method="predict",transport="rest"} 1.0' in metrics.page()
    True
    """

    def __init__(self):
        self._registry = prometheus_client.CollectorRegistry()
        labels = ("transport", "method")
        make = {"registry": self._registry}
        self._requests = prometheus_client.Counter("kmm_requests", "Requests by result.", (*labels, "code"), **make)
        self._seconds = prometheus_client.Histogram(
            "kmm_request_seconds", "Time to answer a request.", labels, buckets=_SECONDS, **make
        )
        self._rows = prometheus_client.Histogram("kmm_batch_rows", "Rows of a run of the model.", buckets=_ROWS, **make)
        prometheus_client.ProcessCollector(registry=self._registry)

    def observe_request(self, transport, method, code, seconds):
        """Counts a request: "rest" or "grpc", what was asked for, the name of the status code, how long it took."""
        self._requests.labels(transport, method, code).inc()
        self._seconds.labels(transport, method).observe(seconds)

    def observe_batch(self, rows):
        """Counts a run of the model."""
        self._rows.observe(rows)

    def add_gauge(self, name, text, value):
        """Adds a number that is asked for when the page is read: its name, what it says, a function."""
        prometheus_client.Gauge(name, text, registry=self._registry).set_function(value)

    def page(self):
        """The page in Prometheus' text format, as `bytes`."""
        return prometheus_client.generate_latest(self._registry)
