import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from kmm.export.batching_parameters import batching_parameters
from kmm.serving.deployment.server_configs import models_config, monitoring_config

FIELD = descriptor_pb2.FieldDescriptorProto


def make_message(name, fields):
    """A message class with the fields of the server's own, which no package carries."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="test", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    message = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields.items(), start=1):
        if isinstance(kind, str):
            message.field.add(name=field, number=number, label=1, type=FIELD.TYPE_MESSAGE, type_name=kind)
        else:
            message.field.add(name=field, number=number, label=1, type=kind)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"test.{name}"))


def parse_models(text):
    config = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    (model,) = text_format.Parse(text, config.ModelServerConfig()).model_config_list.config
    return model


def test_latest_version():
    model = parse_models(models_config("street-scenes"))
    assert (model.name, model.base_path, model.model_platform) == (
        "street-scenes",
        "/models/street-scenes",
        "tensorflow",
    )
    assert model.model_version_policy.latest.num_versions == 1 and not model.version_labels


def test_labelled_versions():
    model = parse_models(models_config("kmm", [("canary", 12), ("stable", 3), ("tested", 12)]))
    assert list(model.model_version_policy.specific.versions) == [3, 12]
    assert dict(model.version_labels) == {"canary": 12, "stable": 3, "tested": 12}


@pytest.mark.parametrize(("cores", "queue"), [(1, 8), (16, 64)])
def test_batching(cores, queue):
    whole, truth = ".google.protobuf.Int64Value", ".google.protobuf.BoolValue"
    message = make_message(
        "BatchingParameters",
        {
            "max_batch_size": whole,
            "batch_timeout_micros": whole,
            "max_enqueued_batches": whole,
            "num_batch_threads": whole,
            "thread_pool_name": ".google.protobuf.StringValue",
            "enable_large_batch_splitting": truth,
            "max_execution_batch_size": whole,
        },
    )
    parsed = text_format.Parse(batching_parameters(cores), message())
    assert parsed.num_batch_threads.value == cores and parsed.max_enqueued_batches.value == queue
    assert parsed.HasField("batch_timeout_micros") and parsed.batch_timeout_micros.value == 0
    assert parsed.enable_large_batch_splitting.value
    assert 20 < parsed.max_execution_batch_size.value * 2 < parsed.max_batch_size.value


def test_monitoring():
    message = make_message("PrometheusConfig", {"enable": FIELD.TYPE_BOOL, "path": FIELD.TYPE_STRING})
    outer = monitoring_config().strip().removeprefix("prometheus_config {").removesuffix("}")
    parsed = text_format.Parse(outer, message())
    assert parsed.enable and parsed.path == "/monitoring/prometheus/metrics"
