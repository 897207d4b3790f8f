"""A load for readers."""


def load_table(report):
    """Latencies, rates and errors of a load as lines of text.

    Args:
        report: what `measure_load` returns.

    Example:

    >>> latencies = {"mean": 21.3, "p50": 20.1, "p90": 26.0, "p95": 28.2, "p99": 31.0, "max": 40.0}
    >>> report = {"requests": 100, "errors": 2, "answers": {"OK": 98, "UNAVAILABLE": 2}, "rows_per_request": 3}
    >>> rates = {"seconds": 2.0, "requests_per_second": 49.0, "rows_per_second": 147.0}
    >>> print(load_table({**report, **rates, "latency_ms": latencies}))
    requests    answered   errors   requests/s     rows/s
    100               98        2         49.0      147.0
    latency, ms     p50      p90      p95      p99      max
                   20.1     26.0     28.2     31.0     40.0
    errors
      UNAVAILABLE            2
    """
    requests, errors = report["requests"], report["errors"]
    lines = [
        f"{'requests':10}{'answered':>10}{'errors':>9}{'requests/s':>13}{'rows/s':>11}",
        f"{requests:<10}{requests - errors:>10}{errors:>9}"
        f"{report['requests_per_second']:>13.1f}{report['rows_per_second']:>11.1f}",
    ]
    if report["latency_ms"]:
        names = ("p50", "p90", "p95", "p99", "max")
        lines.append("latency, ms".ljust(11) + "".join(f"{name:>{8 if name == 'p50' else 9}}" for name in names))
        values = (f"{report['latency_ms'][name]:>{8 if name == 'p50' else 9}.1f}" for name in names)
        lines.append(" " * 11 + "".join(values))
    if errors:
        lines.append("errors")
        lines += [f"  {answer:20}{count:>4}" for answer, count in report["answers"].items() if answer != "OK"]
    return "\n".join(lines)
