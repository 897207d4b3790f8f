from kmm.serving import ServingError


def test_says_what_where_and_what_to_do():
    error = ServingError("NOT_FOUND", "Servable not found.", "http://127.0.0.1:8501 (model 'kmm')", http_status=404)
    assert str(error) == (
        "The server must answer the request. Received: NOT_FOUND (HTTP 404) from http://127.0.0.1:8501 (model 'kmm'): "
        "Servable not found. Compare model, version and label with what the server has loaded."
    )
    assert (error.code, error.http_status, error.temporary, error.retry_after) == ("NOT_FOUND", 404, False, None)


def test_any_code_has_a_remedy():
    error = ServingError("INTERNAL", "", "grpc://127.0.0.1:8500 (model 'kmm')")
    assert "Received: INTERNAL from grpc" in str(error) and "no further text. See the log" in str(error)
