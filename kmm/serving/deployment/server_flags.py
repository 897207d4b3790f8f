"""How `tensorflow_model_server` is started in a container."""

GRPC_PORT = 8500
REST_PORT = 8501
CONFIG_FOLDER = "/config"
"""Where the container sees the configuration files; the versions are at `/models/NAME`."""

USER = 65534
"""The user that the server runs as in its container, one without rights ("nobody")."""

MAX_REQUEST_BYTES = 64 * 1024 * 1024


def server_flags(cores, batching=True, own_batching=False):
    """The command of the container, the program first.

    Args:
        cores: how many cores the server may use; TensorFlow would start threads for all cores of the computer.
        batching: whether requests that wait at a time are merged. Then all inputs of a request need the same number of
            rows: `ask` is refused one picture's features for several prompts.
        own_batching: whether the versions bring a `batching_params.pbtxt`, which then decides instead of the one for
            all models, except on the number of threads.

    Returns:
        list of strings.

    Example:

    >>> flags = server_flags(cores=4)
    >>> flags[0], flags[-1]
    ('tensorflow_model_server', '--batching_parameters_file=/config/batching_parameters.pbtxt')
    """
    flags = [
        "tensorflow_model_server",
        f"--port={GRPC_PORT}",
        f"--rest_api_port={REST_PORT}",
        "--rest_api_timeout_in_ms=60000",
        f"--grpc_channel_arguments=grpc.max_receive_message_length={MAX_REQUEST_BYTES}",
        f"--model_config_file={CONFIG_FOLDER}/models.config",
        "--model_config_file_poll_wait_seconds=10",
        "--allow_version_labels_for_unavailable_models=true",  # otherwise no label is accepted at the start
        "--num_load_threads=1",  # a new version is not loaded by the thread that serves the old one
        "--enable_profiler=false",  # it would let any client write files
        f"--monitoring_config_file={CONFIG_FOLDER}/monitoring.config",
        f"--tensorflow_intra_op_parallelism={cores}",
        f"--tensorflow_inter_op_parallelism={cores}",
    ]
    if batching:
        flags.append("--enable_batching=true")
        if own_batching:
            flags.append("--enable_per_model_batching_parameters=true")
        flags.append(f"--batching_parameters_file={CONFIG_FOLDER}/batching_parameters.pbtxt")
    return flags


def server_environment(bfloat16):
    """Environment variables of the container.

    Args:
        bfloat16: whether the multiplications of a float32 export run in bfloat16, on processors that have them.

    Returns:
        dict of strings.

    Example:

    >>> server_environment(bfloat16=True)
    {'TF_SET_ONEDNN_FPMATH_MODE': 'BF16'}
    """
    return {"TF_SET_ONEDNN_FPMATH_MODE": "BF16"} if bfloat16 else {}
