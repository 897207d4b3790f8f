"""From the words on the command line to a data source."""

import importlib
import pathlib

SHAPES = "shapes"
TFDS = "tfds:"
TASKS = ("referring", "semantic")
LOOKED_FOR = (
    "'shapes', 'tfds:NAME', a .jsonl, .csv or COCO .json file, or a folder with manifest.json (from data_pipelines), "
    "train.jsonl, train.csv, instances_train.json, train/images with train/masks and train/prompts, or train/images "
    "with train/masks of class ids"
)


FILE_FORMS = {".jsonl": "jsonl", ".csv": "csv", ".json": "coco"}
FOLDER_FORMS = (
    ("records", "manifest.json"),
    ("class_masks", "classes.json", "*/masks"),
    ("jsonl", "train.jsonl"),
    ("csv", "train.csv"),
    ("coco", "instances_*.json"),
    ("coco", "annotations/instances_*.json"),
    ("coco", "*/_annotations.coco.json"),
    ("folders", "images", "masks", "prompts"),
    ("folders", "*/images", "*/masks", "*/prompts"),
    ("class_masks", "*/images"),
    ("jsonl", "*.jsonl"),
    ("csv", "*.csv"),
)
"""By which files a folder is told, the first that are all there; a table in any other file comes last."""

PHRASE_FORMS = ("jsonl", "csv", "coco", "folders")


def add_source_arguments(parser, task_help, **data_options):
    """Adds `--data`, `--classes` and `--task`.

    Args:
        parser: an `argparse` parser.
        task_help: what `--task` does.
        **data_options: `default` or `required` of `--data`.
    """
    parser.add_argument(
        "--data", metavar="shapes|PATH|tfds:NAME", **data_options,
        help=f"{LOOKED_FOR} ('shapes' are scenes that kmm draws itself)",
    )  # fmt: skip
    parser.add_argument(
        "--classes", metavar="FILE", help="classes.json of the folder; by default DIR/classes.json or a packaged one"
    )
    parser.add_argument("--task", choices=TASKS, help=task_help)


def default_task(data):
    """The task of `--data` where `--task` does not say it: "semantic" where masks hold class ids, else "referring"."""
    form = _form_of(data)
    if form == "records":
        from kmm.data.record_shards import read_manifest

        return "semantic" if read_manifest(data)["task"] == "semantic" else "referring"
    return "semantic" if form in ("class_masks", "missing", "unknown") else "referring"


def open_source(data, task, classes, image_size, seed=0):
    """The source that `--data` names.

    Args:
        data: see `LOOKED_FOR`.
        task: "referring" or "semantic".
        classes: path of a `classes.json`, or `None`.
        image_size: `(height, width)` in which shapes are drawn.
        seed: keys the scenes of shapes, or the drawing of texts.

    Returns:
        A `kmm.data.Source`. Bad rows of a table raise when they are read, so that all of them can be listed.

    Raises:
        ValueError: if there is no such data, or it is asked for what it does not have.
    """
    form = _form_of(data)
    if form in ("missing", "unknown"):
        found = _listed(data)
        what = "The file or data folder must exist" if form == "missing" else "Data must be in a form that kmm reads"
        raise ValueError(f"{what}. Received: {data}{found}. Looked for {LOOKED_FOR}.")
    if task != "referring" and form in ("shapes", *PHRASE_FORMS):
        name = "The scenes of 'shapes'" if form == "shapes" else f"The phrases in {data}"
        raise ValueError(f"{name} have no classes. Received: task={task!r}. Use --task referring.")
    if classes is not None and form in ("shapes", "records", *PHRASE_FORMS) and form != "coco":
        name = "The scenes of 'shapes'" if form == "shapes" else f"What is in {data}"
        verb = "have" if form == "shapes" else "needs"
        raise ValueError(f"{name} {verb} no classes. Received: classes={classes!r}. Leave --classes out.")
    from kmm import data as kmm_data

    if form == "shapes":
        return kmm_data.ShapesSource(image_size=tuple(image_size), seed=seed)
    if form == "class_masks":
        return kmm_data.ClassMaskFolder(data, task=task, classes=classes, seed=seed)
    return _open_file_source(form, data, task, classes, seed)


def source_origin(data, task, classes):
    """What `open_source` was given as plain data, with paths that hold from everywhere.

    Example:

    >>> source_origin("shapes", "referring", None)
    {'data': 'shapes', 'task': 'referring', 'classes': None}
    """

    def whole(path):
        return str(pathlib.Path(path).resolve()) if path and path != SHAPES and pathlib.Path(path).exists() else path

    return {"data": whole(data), "task": task, "classes": whole(classes)}


def _open_file_source(form, data, task, classes, seed):
    """The source of a form that has a function of its own."""
    if form == "records":
        from kmm.data.from_records import from_records

        return from_records(data, task=task, seed=seed)
    if form == "tfds":
        from kmm.data.from_tfds import from_tfds

        source = from_tfds(str(data).removeprefix(TFDS), classes=classes, task=task, seed=seed)
        if source.task != task:
            raise ValueError(f"The phrases in {data} have no classes. Received: task={task!r}. Use --task referring.")
        return source
    if form == "coco":
        from kmm.data.from_coco import from_coco

        return from_coco(data, classes=classes, keep_bad=True, seed=seed)
    module = importlib.import_module(f"kmm.data.from_{form}")
    options = {} if form == "folders" else {"keep_bad": True}
    return getattr(module, f"from_{form}")(data, **options, seed=seed)


def _form_of(data):
    """In which form the data are, by their name and the files that are there, none of them read."""
    if data == SHAPES:
        return "shapes"
    if str(data).startswith(TFDS):
        return "tfds"
    path = pathlib.Path(data)
    if not path.is_dir():
        return FILE_FORMS.get(path.suffix.lower(), "unknown") if path.is_file() else "missing"
    return next((form for form, *patterns in FOLDER_FORMS if all(any(path.glob(p)) for p in patterns)), "unknown")


def _listed(data):
    """The beginning of what a folder holds."""
    path = pathlib.Path(data)
    if not path.is_dir():
        return ""
    names = sorted(item.name for item in path.iterdir())
    return f", which holds {', '.join(names[:8]) or 'nothing'}{', ...' if names[8:] else ''}"
