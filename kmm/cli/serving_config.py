"""`kmm serving config`: the files that TensorFlow Serving needs."""

import argparse

from kmm.cli.version_label import labels_of, version_label


def add_config(subcommands):
    """Adds the parser of `kmm serving config`, and returns it."""
    parser = subcommands.add_parser(
        "config",
        help="write the files for TensorFlow Serving",
        description="Writes models.config, batching_parameters.pbtxt, monitoring.config, docker-compose.yaml, "
        "kubernetes.yaml and kubernetes_upload.yaml for the official image tensorflow/serving, and prints the commands "
        "that use them.",
    )
    parser.add_argument("directory", metavar="DIR", help="folder of all versions of the export")
    parser.add_argument("--output", metavar="DIR", help="folder to write into; default: the folder serving beside DIR")
    parser.add_argument("--name", default="kmm", help="name of the model in requests (default: kmm)")
    parser.add_argument(
        "--labels", nargs="+", type=version_label, default=[], metavar="LABEL=VERSION",
        help="serve exactly these versions, under these labels, such as stable=1 canary=2; default: the highest "
        "version, and a higher one when it appears",
    )  # fmt: skip
    parser.add_argument("--cores", type=int, metavar="N", help="cores of each server; default: those of this computer")
    parser.add_argument("--replicas", type=int, default=1, metavar="N", help="servers in Kubernetes (default: 1)")
    parser.add_argument("--image", help="the container's image; default: the official one of TensorFlow's release")
    parser.add_argument(
        "--bfloat16", action=argparse.BooleanOptionalAction, default=True,
        help="multiply in bfloat16 on processors that can (default: yes)",
    )  # fmt: skip
    parser.add_argument(
        "--batching", action=argparse.BooleanOptionalAction, default=True,
        help="merge requests that wait at a time (default: yes); `ask` then takes one picture's features for one "
        "prompt only",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace files that have another content")
    parser.set_defaults(run_subcommand=run_config_command)
    return parser


def run_config_command(args):
    """Runs the subcommand."""
    from kmm.serving.deployment.serving_commands import serving_commands
    from kmm.serving.deployment.write_serving_config import IMAGE, served_versions, write_serving_config

    labels = labels_of(args.labels)
    paths = write_serving_config(
        args.directory,
        output=args.output,
        name=args.name,
        labels=labels,
        cores=args.cores,
        replicas=args.replicas,
        image=args.image or IMAGE,
        bfloat16=args.bfloat16,
        batching=args.batching,
        overwrite=args.force,
    )
    for path in paths:
        print(f"written: {path}")
    versions = served_versions(args.directory, labels.items())
    if labels:
        print(f"A request without a label goes to the highest version that is served, {max(versions)}.")
    print()
    print(serving_commands(args.directory, paths[0].parent, args.name, versions[max(versions)]), end="")
