"""`kmm data`: what a data set holds and what is wrong with it."""

from kmm.cli.open_source import LOOKED_FOR, TASKS, default_task, open_source
from kmm.cli.progress_bar import progress_bar


def add_command(commands):
    """Adds the command's parser, and returns the one of its only subcommand."""
    parser = commands.add_parser(
        "data", help="check a data set", description="Tools for data sets. `kmm data check SOURCE` reads one."
    )
    subcommands = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)
    check = subcommands.add_parser(
        "check",
        help="read everything once, count it and list what is wrong",
        description="Reads every picture, text and mask once. Prints counts and sizes for each split, statistics of "
        "classes and texts, and what is wrong: records that cannot be read or do not fit together, by file and line, "
        "and pictures that several splits hold. The exit code is 1 if anything is wrong.",
    )
    check.add_argument("source", metavar="SOURCE", help=LOOKED_FOR)
    check.add_argument("--classes", metavar="FILE", help="classes.json, as for `kmm train`")
    check.add_argument("--task", choices=TASKS, help="as for `kmm train`")
    check.add_argument("--limit", type=int, metavar="N", help="read only the first N pictures of each split")
    check.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return check


def run(args):
    """Runs the command; returns 1 if anything is wrong."""
    from kmm.data.check_source import check_source
    from kmm.data.data_report import DataReport

    task = args.task or "task unknown"
    try:
        task = args.task or default_task(args.source)
        source = open_source(args.source, task, args.classes, (96, 96))
    except (ValueError, OSError) as error:
        problem = {"kind": "source", "where": "", "message": str(error)}
        report = DataReport(str(args.source), task, args.limit, problems=[problem], counts={"source": 1})
    else:
        report = check_source(source, args.limit, progress_bar("reading"))
    print(report.to_json() if args.json else report)
    return 1 if report.problems else 0
