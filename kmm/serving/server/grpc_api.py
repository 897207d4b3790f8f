"""The gRPC side of a server: TensorFlow Serving's prediction and model services."""

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

from kmm.serving.server.check_inputs import check_shapes
from kmm.serving.server.request_error import HTTP_STATUS, RequestError
from kmm.serving.server.signature_documents import signature_map
from kmm.serving.server.tensor_protos import array_to_proto, arrays_from_protos, proto_kind
from kmm.serving.server.uploads import Uploads

_CODES = ("OK", *HTTP_STATUS)


class GrpcApi:
    """Answers `PredictionService` and `ModelService`.

    Messages are received and parsed here and not by gRPC, so that they have a time to arrive, and bytes that are no
    message are answered with `INVALID_ARGUMENT`.

    Args:
        predictor: `Predictor`.
        admission: `Admission`.
        most_uploads: how many messages may arrive at a time.
        upload_seconds: how long one may take.
    """

    def __init__(self, predictor, admission, most_uploads=16, upload_seconds=60.0):
        self._predictor = predictor
        self._admission = admission
        self._uploads = Uploads(most_uploads, upload_seconds, hurried_seconds=min(5.0, upload_seconds))

    def hurry(self):
        """Does not wait long any more for messages that are on their way."""
        self._uploads.hurry()

    def handlers(self):
        """The services, for `server.add_generic_rpc_handlers`."""
        prediction = {"Predict": self._predict, "GetModelMetadata": self._get_metadata}
        prediction |= dict.fromkeys(("Classify", "Regress", "MultiInference"), self._refuse)
        model = {"GetModelStatus": self._get_status, "HandleReloadConfigRequest": self._refuse}
        services = {"PredictionService": prediction, "ModelService": model}
        return [
            grpc.method_handlers_generic_handler(
                f"tensorflow.serving.{service}",
                {method: grpc.stream_unary_rpc_method_handler(self._answered(f)) for method, f in methods.items()},
            )
            for service, methods in services.items()
        ]

    def _answered(self, function):
        method = "predict" if function == self._predict else "status"

        # On the wire a stream of one message is a plain message; this way it is read when there is room for it.
        async def answer(messages, context):
            try:
                with self._predictor.observed("grpc", method):
                    data = await self._uploads.receive(context.read)
                    return await function(b"" if data is grpc.aio.EOF else data)
            except RequestError as error:
                await context.abort(grpc.StatusCode[error.code], str(error))

        return answer

    async def _predict(self, data):
        with self._admission.request() as add_bytes:
            add_bytes(len(data))
            request = await self._predictor.side.run(len(data), _parse, predict_pb2.PredictRequest, data)

            def read(signature_of):
                name = request.model_spec.signature_name or "serving_default"
                kinds = {own: proto_kind(own, request.inputs[own]) for own in _known(request, signature_of(name))}
                check_shapes(signature_of(name), kinds, self._predictor.max_rows)
                return name, arrays_from_protos(request.inputs), tuple(request.output_filter)

            outputs, version, signature_name = await self._predictor.predict(*_spec(request), read, len(data))
            response = predict_pb2.PredictResponse()
            response.model_spec.name = request.model_spec.name
            response.model_spec.version.value = version.number
            response.model_spec.signature_name = signature_name
            return await self._predictor.side.run(_num_bytes(outputs), _write, response, outputs)

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


def _known(request, signature):
    """The names of the inputs; of many that a signature does not have, only some."""
    names = list(request.inputs)
    return names if len(names) <= len(signature.inputs) else names[: len(signature.inputs) + 10]


def _num_bytes(outputs):
    return sum(sum(map(len, array.ravel())) if array.dtype == object else array.nbytes for array in outputs.values())


def _write(response, outputs):
    for name, array in outputs.items():
        response.outputs[name].CopyFrom(array_to_proto(array))
    return response.SerializeToString()


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
