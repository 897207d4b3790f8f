from kmm.serving.server.server_metrics import ServerMetrics


def test_the_page_tells_what_was_counted():
    metrics, other = ServerMetrics(), ServerMetrics()
    for code, seconds in (("OK", 0.02), ("OK", 0.04), ("NOT_FOUND", 0.001)):
        metrics.observe_request("grpc", "predict", code, seconds)
    metrics.observe_batch(5)
    metrics.add_gauge("kmm_queued_rows", "Rows that wait.", lambda: 7)
    page = metrics.page().decode()
    assert 'kmm_requests_total{code="OK",method="predict",transport="grpc"} 2.0' in page
    assert 'kmm_requests_total{code="NOT_FOUND",method="predict",transport="grpc"} 1.0' in page
    assert 'kmm_request_seconds_bucket{le="0.03",method="predict",transport="grpc"} 2.0' in page
    assert 'kmm_batch_rows_bucket{le="8.0"} 1.0' in page and "kmm_batch_rows_sum 5.0" in page
    assert "kmm_queued_rows 7.0" in page and "process_resident_memory_bytes" in page
    assert "kmm_queued_rows" not in other.page().decode()
