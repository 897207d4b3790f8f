"""`kmm serve`: answers requests with an export."""

import logging

from kmm.cli.version_label import labels_of, version_label


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "serve",
        help="answer requests over REST and gRPC with an export",
        description="Serves the versions of an export with the interface of TensorFlow Serving, for development, tests "
        "and embedded use; in production run TensorFlow Serving. New versions are loaded as they appear. SIGTERM or "
        "Ctrl-C finishes what is in progress and ends it.",
    )
    add = parser.add_argument
    add("--model", required=True, metavar="DIR", help="folder of all versions of an export, or of one version")
    add("--name", default="kmm", help="name of the model in addresses (%(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all of this machine (%(default)s)")
    add("--rest-port", type=int, default=8501, metavar="N", help="port of REST; 0 takes a free one (%(default)s)")
    add("--grpc-port", type=int, default=8500, metavar="N", help="port of gRPC; 0 takes a free one (%(default)s)")
    add(
        "--versions",
        nargs="+",
        default=["latest"],
        metavar="V",
        help="which versions to load: latest, all, or numbers (latest)",
    )
    add(
        "--labels",
        nargs="+",
        default=[],
        type=version_label,
        metavar="LABEL=V",
        help="names for versions, which are loaded too, as in stable=1 canary=2",
    )
    add("--max-batch-size", type=int, default=32, metavar="N", help="most rows of one run of the model (%(default)s)")
    add("--workers", type=int, default=2, metavar="N", help="runs of the model at a time (%(default)s)")
    add("--max-queued", type=int, default=1024, metavar="N", help="most rows that wait (%(default)s)")
    add("--max-queued-mib", type=int, default=256, metavar="N", help="most MiB of requests held (%(default)s)")
    add("--max-body-mib", type=int, default=64, metavar="N", help="MiB of the longest request (%(default)s)")
    add("--max-rows", type=int, default=256, metavar="N", help="most rows of a request (%(default)s)")
    add("--request-seconds", type=float, default=60.0, metavar="S", help="time to answer a request (%(default)s)")
    add("--threads", type=int, default=0, metavar="N", help="threads of TensorFlow; 0: one for each core (%(default)s)")
    add("--poll-seconds", type=float, default=1.0, metavar="S", help="how often DIR is read (%(default)s)")
    add("--drain-seconds", type=float, default=30.0, metavar="S", help="time to finish requests (%(default)s)")
    add("--log-level", default="info", choices=("debug", "info", "warning", "error"), help="(%(default)s)")
    return parser


def run(args):
    """Runs the command."""
    logging.basicConfig(level=args.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    from kmm.serving import serve

    settings = {key: value for key, value in vars(args).items() if key not in ("model", "run", "debug", "log_level")}
    settings |= {"versions": _policy(args.versions), "labels": labels_of(args.labels)}
    serve(args.model, on_start=_announce, **settings)


def _announce(server):
    versions = ", ".join(map(str, server.loaded_versions))
    plural = "versions" if len(server.loaded_versions) > 1 else "version"
    print(f"serving {server.name!r} {plural} {versions} at {server.rest_url} and {server.grpc_url}", flush=True)


def _policy(words):
    if words in (["latest"], ["all"]):
        return words[0]
    try:
        return [int(word) for word in words]
    except ValueError:
        raise ValueError(f"--versions must be latest, all, or numbers. Received: {' '.join(words)}.") from None
