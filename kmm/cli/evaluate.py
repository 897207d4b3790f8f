"""`kmm evaluate`: the scores of a trained model on a split."""

import json

from kmm.cli.load_model import add_model_arguments, load_model
from kmm.cli.open_source import add_source_arguments, open_source
from kmm.cli.output_path import output_file
from kmm.cli.protocol_arguments import add_protocol_arguments, asks_for_protocol, check_protocol, run_protocol
from kmm.cli.score_table import score_table
from kmm.cli.trust_arguments import add_trust_arguments, choose, compare_with, load_other


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "evaluate",
        help="score a trained model on a split",
        description="Scores a model with the right words and with other ones, and prints and writes the scores.",
    )
    add_model_arguments(parser)
    add_source_arguments(parser, "by default the one of the model", required=True)
    parser.add_argument("--split", default="test", metavar="NAME", help="train, val, test, ... (default: test)")
    parser.add_argument("--output", metavar="FILE.json", help="file to write the scores to")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="pictures in a batch (default: 16)")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the scenes, or of the texts about a folder (default: 0)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="score only the first N pictures")
    add_trust_arguments(parser)
    add_protocol_arguments(parser)
    return parser


def run(args):
    """Runs the command."""
    check_protocol(args)
    output = output_file(args.output) if args.output else None
    model = load_model(args.model, args.trust)
    other = load_other(args, model) if args.against else None
    task = args.task or ("referring" if model.num_classes == 1 else "semantic")
    source = open_source(args.data, task, args.classes, model.image_size, args.seed)
    from kmm.evaluation import SampleCollector
    from kmm.evaluation.evaluate import summarize

    options = {"batch_size": args.batch_size, "limit": args.limit, "own_resolution": args.own_resolution}
    threshold = choose(model, args.model, source, args)
    if asks_for_protocol(args):
        return run_protocol(args, model, source, threshold)
    collector = SampleCollector(model, source, args.split, threshold=threshold, **options)
    scores = collector.collect(boundaries=True)
    metrics = summarize(collector, scores)
    if task == "referring":
        metrics["threshold"] = threshold
    print(score_table(metrics))
    if other is not None:
        metrics["against"] = compare_with(args, other, scores, source, options)
    if output is not None:
        output.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        print(f"written: {output}")
