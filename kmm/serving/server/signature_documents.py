"""The signatures of a version, as a server describes them."""

import orjson
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2


def metadata_document(name, version):
    """The JSON that TensorFlow Serving gives about the signatures of a version.

    Args:
        name: name of the model.
        version: `ServedVersion` with a session.

    Returns:
        `bytes`.
    """
    signatures = json_format.MessageToDict(
        signature_map(version), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    spec = {"name": name, "signature_name": "", "version": str(version.number)}
    document = {"model_spec": spec, "metadata": {"signature_def": signatures}}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def signature_map(version):
    """The `SignatureDefMap` message of a version."""
    message = get_model_metadata_pb2.SignatureDefMap()
    for signature_name, signature in version.session.signatures.items():
        message.signature_def[signature_name].CopyFrom(signature)
    return message
