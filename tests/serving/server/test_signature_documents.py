import json

from kmm.serving.server.signature_documents import metadata_document, signature_map
from tests.cases.served_echo import ECHO, echo_version


def test_the_document_is_as_tensorflow_serving_writes_it():
    document = json.loads(metadata_document("kmm", echo_version(3)))
    assert document["model_spec"] == {"name": "kmm", "signature_name": "", "version": "3"}
    signatures = document["metadata"]["signature_def"]["signature_def"]
    assert sorted(signatures) == ["other", "serving_default"]
    numbers = signatures["other"]["inputs"]["numbers"]
    assert numbers["dtype"] == "DT_FLOAT"
    sizes = [{"size": "-1", "name": ""}, {"size": "2", "name": ""}]
    assert numbers["tensor_shape"] == {"dim": sizes, "unknown_rank": False}
    assert signatures["other"]["method_name"] == "tensorflow/serving/predict"


def test_the_message_holds_the_signatures():
    assert signature_map(echo_version()).signature_def["other"] == ECHO
