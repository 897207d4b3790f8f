"""Asking a model server over gRPC."""

from kmm.serving.client import client_messages


class GrpcTransport:
    """Speaks TensorFlow Serving's gRPC interface; for `Client`, with the methods of `RestTransport`.

    Args:
        address: `ModelAddress` with the scheme `grpc` or `grpcs`.
        headers: dict of metadata to send with each request.

    Raises:
        ImportError: the extra `serving` is not installed.
    """

    def __init__(self, address, headers):
        self._grpc = client_messages.import_grpc()
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        self._address = address
        self._headers = tuple((name.lower(), value) for name, value in headers.items())
        host = f"[{address.host}]" if ":" in address.host else address.host
        self._channel = self._make_channel(f"{host}:{address.port}", address.scheme == "grpcs")
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def _make_channel(self, target, secure):
        if secure:
            credentials = self._grpc.ssl_channel_credentials()
            return self._grpc.secure_channel(target, credentials, client_messages.CHANNEL_OPTIONS)
        return self._grpc.insecure_channel(target, client_messages.CHANNEL_OPTIONS)

    def status(self, timeout):
        """See `client_json.read_status`."""
        request = client_messages.status_request(self._address)
        return client_messages.read_status(self._call(self._models.GetModelStatus, request, timeout))

    def metadata(self, timeout):
        """See `client_json.read_metadata`."""
        request = client_messages.metadata_request(self._address)
        return client_messages.read_metadata(self._call(self._predictions.GetModelMetadata, request, timeout))

    def predict(self, signature_name, inputs, output_names, signature, timeout):
        """Runs a signature; see `RestTransport.predict`. Only the wanted outputs are sent."""
        request = client_messages.predict_request(self._address, signature_name, inputs, output_names, signature)
        return client_messages.read_predict(self._call(self._predictions.Predict, request, timeout))

    def close(self):
        """Closes the channel."""
        self._channel.close()

    def _call(self, method, request, timeout):
        try:
            return method(request, timeout=timeout, metadata=self._headers)
        except self._grpc.RpcError as error:
            raise client_messages.error_from_rpc(error, self._address) from error
