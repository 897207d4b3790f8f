"""`kmm serving load`: how fast a server answers."""

import json
import pathlib

from kmm.cli.progress_bar import progress_bar

PICTURES = (".jpg", ".jpeg", ".png")


def add_load(subcommands):
    """Adds the parser of `kmm serving load`, and returns it."""
    parser = subcommands.add_parser(
        "load",
        help="measure how fast a server answers",
        description="Asks a server many times, several times at once, and prints percentiles of the latency, "
        "throughput and errors. The exit code is 1 if a request failed.",
    )
    parser.add_argument("--url", required=True, help="http://HOST:PORT for REST or grpc://HOST:PORT for gRPC")
    parser.add_argument("--requests", type=int, default=200, metavar="N", help="how many are sent (default: 200)")
    parser.add_argument(
        "--concurrency", type=int, default=1, metavar="C", help="how many wait for an answer at a time (default: 1)"
    )
    parser.add_argument(
        "--rate", type=float, metavar="R",
        help="send R requests a second, at regular times, whatever the server does; default: the next when one is done",
    )  # fmt: skip
    parser.add_argument(
        "--image", nargs="+", default=[], metavar="PATH",
        help="JPEG or PNG files, or folders of them; default: a drawn picture of 640 x 480 pixels",
    )  # fmt: skip
    parser.add_argument("--prompt", nargs="+", default=["the object"], metavar="TEXT", help="what is asked, in turns")
    parser.add_argument(
        "--rows", type=int, default=1, metavar="N", help="prompts about one picture in each request (default: 1)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="no request starts later than this")
    parser.add_argument("--model", default="kmm", metavar="NAME", help="name of the model (default: kmm)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--version", type=int, metavar="N", help="version of the model; default: the latest")
    which.add_argument("--label", help="label of a version, such as stable")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="of one request (default: 30 seconds)")
    parser.add_argument("--output", metavar="DIR", help="folder for load.json and load.png")
    parser.set_defaults(run_subcommand=run_load_command)
    return parser


def run_load_command(args):
    """Runs the subcommand; returns 1 if a request failed.

    Raises:
        OSError: the server cannot be reached, or does not serve the model.
    """
    from kmm.cli.output_path import output_folder
    from kmm.serving import ServingError, measure_load, plot_load
    from kmm.serving.load.load_table import load_table

    folder = output_folder(args.output) if args.output else None
    try:
        report = measure_load(
            args.url,
            images=_pictures(args.image)[: max(args.requests, 1)],
            prompts=args.prompt,
            num_requests=args.requests,
            concurrency=args.concurrency,
            rate=args.rate,
            prompts_per_request=args.rows,
            max_seconds=args.seconds,
            model=args.model,
            version=args.version,
            label=args.label,
            timeout=args.timeout,
            progress=progress_bar("asking"),
        )
    except ServingError as error:
        raise OSError(str(error)) from error
    print(load_table(report))
    if folder:
        (folder / "load.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        plot_load(report, folder / "load.png", title=f"{args.url}, {args.concurrency} at a time")
        print(f"written: {folder / 'load.json'} and {folder / 'load.png'}")
    return 1 if report["errors"] else 0


def _pictures(paths):
    """The files that are named, and those in the folders that are named."""
    files = []
    for path in map(pathlib.Path, paths):
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURES) if path.is_dir() else [path]
        if not found:
            raise ValueError(f"A folder of pictures must hold JPEG or PNG files. Received: {path}. Choose another one.")
        files += found
    return files
