"""gRPC requests and answers of TensorFlow Serving, as a client writes and reads them."""

from kmm.serving.client.client_json import DTYPES
from kmm.serving.client.serving_error import ServingError

CHANNEL_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_retries", 0),  # `Attempts` decides about that
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
"""No limit on messages, which gRPC sets to 4 MB, and a new connection soon after a server has come back."""

_TOO_LARGE = "larger than max"


def import_grpc():
    """The modules of gRPC and of TensorFlow Serving's interface.

    Raises:
        ImportError: they are not installed.

    Example:

    >>> import_grpc().__name__
    'grpc'
    """
    try:
        import grpc
        import tensorflow_serving.apis.prediction_service_pb2_grpc  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"Asking over gRPC needs TensorFlow and the packages of TensorFlow Serving's interface ({error}). "
            'Run: pip install "kmm[serving]". Addresses that start with http:// need neither.'
        ) from error
    return grpc


def predict_request(address, signature_name, inputs, output_names, signature):
    """A `PredictRequest`; arguments as in `RestTransport.predict`."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest(output_filter=output_names)
    _fill_spec(request.model_spec, address)
    request.model_spec.signature_name = signature_name
    for name, value in inputs.items():
        dtype = signature["inputs"].get(name, {}).get("dtype")
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value, dtype=dtype))
    return request


def read_predict(response):
    """The arrays in a `PredictResponse`, by name; strings as object arrays of `bytes`."""
    import tensorflow as tf

    return {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}


def metadata_request(address):
    """A `GetModelMetadataRequest` for all signatures."""
    from tensorflow_serving.apis import get_model_metadata_pb2

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    _fill_spec(request.model_spec, address)
    return request


def read_metadata(response):
    """The same dict as `client_json.read_metadata` gives."""
    from tensorflow_serving.apis import get_model_metadata_pb2

    stored = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(stored)
    signatures = {
        name: {
            "inputs": {tensor: _spec(info) for tensor, info in signature.inputs.items()},
            "outputs": {tensor: _spec(info) for tensor, info in signature.outputs.items()},
        }
        for name, signature in stored.signature_def.items()
        if name != "__saved_model_init_op"
    }
    return {"version": response.model_spec.version.value, "signatures": signatures}


def status_request(address):
    """A `GetModelStatusRequest`."""
    from tensorflow_serving.apis import get_model_status_pb2

    request = get_model_status_pb2.GetModelStatusRequest()
    _fill_spec(request.model_spec, address)
    return request


def read_status(response):
    """The same list as `client_json.read_status` gives."""
    from tensorflow_serving.apis import get_model_status_pb2

    names = get_model_status_pb2.ModelVersionStatus.State
    codes = response.DESCRIPTOR.file.pool.FindEnumTypeByName("tensorflow.error.Code").values_by_number
    return [
        {
            "version": entry.version,
            "state": names.Name(entry.state),
            "error_code": codes[entry.status.error_code].name,
            "error_message": entry.status.error_message,
        }
        for entry in response.model_version_status
    ]


def error_from_rpc(error, address):
    """The `ServingError` for what gRPC raised."""
    code, text = error.code().name, error.details() or ""
    temporary = code == "UNAVAILABLE" or (code == "RESOURCE_EXHAUSTED" and _TOO_LARGE not in text)
    return ServingError(code, text[:2000], str(address), temporary=temporary)


def _fill_spec(spec, address):
    spec.name = address.model
    if address.version is not None:
        spec.version.value = address.version
    if address.label is not None:
        spec.version_label = address.label


def _spec(info):
    from tensorflow.core.framework import types_pb2

    name = types_pb2.DataType.Name(info.dtype)
    shape = info.tensor_shape
    dims = None if shape.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
    return {"dtype": DTYPES.get(name, name), "shape": dims}
