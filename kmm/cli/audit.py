"""`kmm audit`: whether a model reads its words."""

import json

from kmm.cli.load_model import add_model_arguments, load_model
from kmm.cli.open_source import add_source_arguments, open_source
from kmm.cli.output_path import output_folder

EXAMPLES = 4
"""Prompts shown in words.png and attention.png."""


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "audit",
        help="find out whether a model reads its words",
        description="Scores a model with the true prompts, with those of other pictures and objects, without words, "
        "with left and right swapped and with single words left out, and says whether it uses its text and tells left "
        "from right. Writes audit.json, audit.png, words.png (single answers without each word) and, where a fusion "
        "has attention, attention.png.",
    )
    add_model_arguments(parser)
    add_source_arguments(parser, "by default the one of the model", required=True)
    parser.add_argument("--split", default="test", metavar="NAME", help="train, val, test, ... (default: test)")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="pictures in a batch (default: 16)")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the scenes, or of the texts about a folder (default: 0)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="audit only the first N pictures")
    parser.add_argument(
        "--word-limit", type=int, default=64, metavar="N", help="leave words out for the first N pictures (default: 64)"
    )
    return parser


def run(args):
    """Runs the command."""
    output = output_folder(args.output)
    model = load_model(args.model, args.trust)
    task = args.task or ("referring" if model.num_classes == 1 else "semantic")
    source = open_source(args.data, task, args.classes, model.image_size, args.seed)
    from kmm.evaluation import audit_language
    from kmm.evaluation.audit_report import audit_table
    from kmm.visualization import plot_audit

    options = {"batch_size": args.batch_size, "limit": args.limit, "word_limit": args.word_limit}
    audit = audit_language(model, source, args.split, **options)
    print(audit_table(audit))
    (output / "audit.json").write_text(json.dumps(audit, indent=2) + "\n", encoding="utf-8")
    plot_audit(audit, output / "audit.png", f"{source.name}, {args.split}: {audit['num_pictures']} pictures")
    written = ["audit.json", "audit.png", *_draw_examples(model, source, args.split, output)]
    print(f"written: {', '.join(written)} in {output}")


def _draw_examples(model, source, split, output):
    """words.png and attention.png; the names of what there is to draw."""
    from kmm.evaluation import attention_maps, word_importance
    from kmm.preprocessing.tokenizer_for import tokenizer_for
    from kmm.visualization import plot_attention, plot_word_importance

    if tokenizer_for(model) is None:
        return []
    examples = (source.example(split, index) for index in range(min(EXAMPLES, source.num_examples(split))))
    asked = [(example.image, example.prompts[0]) for example in examples if example.prompts[0].split()]
    if not asked:
        return []
    rows = [word_importance(model, image, prompt) for image, prompt in asked]
    plot_word_importance(rows, output / "words.png", class_names=source.class_names)
    if not any(hasattr(fusion, "attention_maps") for fusion in getattr(model, "fusions", {}).values()):
        return ["words.png"]
    maps = [attention_maps(model, image, prompt) for image, prompt in asked]
    plot_attention(maps, output / "attention.png")
    return ["words.png", "attention.png"]
