import re

from kmm.serving.deployment.server_flags import server_environment, server_flags

KNOWN = """port rest_api_port rest_api_timeout_in_ms grpc_channel_arguments model_config_file
model_config_file_poll_wait_seconds allow_version_labels_for_unavailable_models num_load_threads enable_profiler
monitoring_config_file tensorflow_intra_op_parallelism tensorflow_inter_op_parallelism enable_batching
enable_per_model_batching_parameters batching_parameters_file""".split()
"""Flags of the server's own source, release 2.19 to 2.21; it refuses to start with any other."""


def parse(flags):
    assert flags[0] == "tensorflow_model_server"
    return dict(re.fullmatch(r"--([a-z_]+)=(\S+)", flag).groups() for flag in flags[1:])


def test_flags_are_known_to_the_server():
    assert set(parse(server_flags(3, own_batching=True))) == set(KNOWN)


def test_threads_are_the_cores():
    flags = parse(server_flags(3))
    assert flags["tensorflow_intra_op_parallelism"] == flags["tensorflow_inter_op_parallelism"] == "3"


def test_batching():
    assert not [flag for flag in parse(server_flags(3, batching=False, own_batching=True)) if "batching" in flag]
    assert [flag for flag in parse(server_flags(3)) if "batching" in flag] == [
        "enable_batching",
        "batching_parameters_file",
    ]


def test_environment():
    assert server_environment(True) == {"TF_SET_ONEDNN_FPMATH_MODE": "BF16"}, "in small letters it has no effect"
    assert server_environment(False) == {}
