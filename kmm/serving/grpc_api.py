"""The gRPC side of a server: TensorFlow Serving's prediction and model services."""

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

from kmm.serving.request_error import HTTP_STATUS, RequestError
from kmm.serving.signature_documents import signature_map
from kmm.serving.tensor_protos import array_from_proto, array_to_proto

_CODES = ("OK", *HTTP_STATUS)


class GrpcApi:
    """Answers `PredictionService` and `ModelService`.

    Messages are parsed here and not by gRPC, so that bytes that are no message are answered with `INVALID_ARGUMENT`.

    Args:
        predictor: `Predictor`.
        admission: `Admission`.
    """

    def __init__(self, predictor, admission):
        self._predictor = predictor
        self._admission = admission

    def handlers(self):
        """The services, for `server.add_generic_rpc_handlers`."""
        prediction = {"Predict": self._predict, "GetModelMetadata": self._get_metadata}
        prediction |= dict.fromkeys(("Classify", "Regress", "MultiInference"), self._refuse)
        model = {"GetModelStatus": self._get_status, "HandleReloadConfigRequest": self._refuse}
        services = {"PredictionService": prediction, "ModelService": model}
        return [
            grpc.method_handlers_generic_handler(
                f"tensorflow.serving.{service}",
                {method: grpc.unary_unary_rpc_method_handler(self._answered(f)) for method, f in methods.items()},
            )
            for service, methods in services.items()
        ]

    def _answered(self, function):
        method = "predict" if function == self._predict else "status"

        async def answer(data, context):
            try:
                with self._predictor.observed("grpc", method):
                    return await function(data)
            except RequestError as error:
                await context.abort(grpc.StatusCode[error.code], str(error))

        return answer

    async def _predict(self, data):
        with self._admission.request() as add_bytes:
            add_bytes(len(data))
            request = _parse(predict_pb2.PredictRequest, data)

            def read(signature_of):
                inputs = {name: array_from_proto(name, proto) for name, proto in request.inputs.items()}
                return request.model_spec.signature_name or "serving_default", inputs, tuple(request.output_filter)

            outputs, version, signature_name = await self._predictor.predict(*_spec(request), read)
            response = predict_pb2.PredictResponse()
            response.model_spec.name = request.model_spec.name
            response.model_spec.version.value = version.number
            response.model_spec.signature_name = signature_name
            for name, array in outputs.items():
                response.outputs[name].CopyFrom(array_to_proto(array))
            return response.SerializeToString()

    async def _get_metadata(self, data):
        request = _parse(get_model_metadata_pb2.GetModelMetadataRequest, data)
        if not request.metadata_field:
            raise RequestError("INVALID_ARGUMENT", "GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise RequestError("INVALID_ARGUMENT", f"Metadata field {field[:80]} is not supported")
        version = self._predictor.find(*_spec(request))
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = version.number
        response.metadata["signature_def"].Pack(signature_map(version))
        return response.SerializeToString()

    async def _get_status(self, data):
        request = _parse(get_model_status_pb2.GetModelStatusRequest, data)
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in self._predictor.statuses(*_spec(request)):
            entry = response.model_version_status.add(version=int(status["version"]), state=status["state"])
            entry.status.error_code = _CODES.index(status["status"]["error_code"])
            entry.status.error_message = status["status"]["error_message"]
        return response.SerializeToString()

    async def _refuse(self, data):
        raise RequestError("UNIMPLEMENTED", "This server answers Predict, GetModelMetadata and GetModelStatus.")


def _parse(message, data):
    try:
        return message.FromString(data)
    except DecodeError as error:
        raise RequestError("INVALID_ARGUMENT", f"The bytes are no {message.DESCRIPTOR.name}: {error}") from None


def _spec(request):
    """Name, number and label of the model that a request asks; `None` for what it does not say."""
    if not request.HasField("model_spec"):
        raise RequestError("INVALID_ARGUMENT", "Missing ModelSpec")
    spec = request.model_spec
    choice = spec.WhichOneof("version_choice")
    return (
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )
