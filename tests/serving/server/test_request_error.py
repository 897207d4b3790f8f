import grpc
import pytest
import tensorflow as tf

from kmm.serving.server.request_error import HTTP_STATUS, RequestError


def test_codes_are_those_of_grpc_in_their_order():
    assert ["OK", *HTTP_STATUS] == [code.name for code in sorted(grpc.StatusCode, key=lambda code: code.value[0])]


@pytest.mark.parametrize(
    ("error", "code", "http_status"),
    [
        (tf.errors.InvalidArgumentError(None, None, "wrong"), "INVALID_ARGUMENT", 400),
        (tf.errors.ResourceExhaustedError(None, None, "wrong"), "RESOURCE_EXHAUSTED", 429),
        (tf.errors.DataLossError(None, None, "wrong"), "DATA_LOSS", 500),
        (ValueError("wrong"), "INVALID_ARGUMENT", 400),
    ],
)
def test_errors_of_a_session_keep_their_code(error, code, http_status):
    failure = RequestError.from_session(error)
    assert (failure.code, failure.http_status, str(failure)) == (code, http_status, "wrong")


def test_messages_lose_the_graph_and_what_is_too_long():
    error = tf.errors.InvalidArgumentError(None, None, "wrong\n\t [[{{node x}}]]\nsizes differ")
    assert str(RequestError.from_session(error)) == "wrong sizes differ"
    assert len(str(RequestError("INTERNAL", "x" * 5000))) == 600


def test_an_http_status_of_its_own():
    assert RequestError("INVALID_ARGUMENT", "too long", 413).http_status == 413
