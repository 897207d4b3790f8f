"""From the words on the command line to a data source."""

SHAPES = "shapes"
TASKS = ("referring", "semantic")


def add_source_arguments(parser, task_help, **data_options):
    """Adds `--data`, `--classes` and `--task`.

    Args:
        parser: an `argparse` parser.
        task_help: what `--task` does.
        **data_options: `default` or `required` of `--data`.
    """
    parser.add_argument(
        "--data", metavar="shapes|DIR", **data_options,
        help="'shapes', scenes that kmm draws itself, or a folder with DIR/SPLIT/images and DIR/SPLIT/masks",
    )  # fmt: skip
    parser.add_argument(
        "--classes", metavar="FILE", help="classes.json of the folder; by default DIR/classes.json or a packaged one"
    )
    parser.add_argument("--task", choices=TASKS, help=task_help)


def open_source(data, task, classes, image_size, seed=0):
    """The source that `--data` names.

    Args:
        data: "shapes" or a folder.
        task: "referring" or "semantic".
        classes: path of a `classes.json` for a folder, or `None`.
        image_size: `(height, width)` in which shapes are drawn.
        seed: keys the scenes of shapes, or the texts about the pictures in a folder.

    Raises:
        ValueError: if shapes is asked for what only a folder has, or the folder is not one of pictures and masks.
    """
    from kmm import data as kmm_data

    if data != SHAPES:
        return kmm_data.ClassMaskFolder(data, task=task, classes=classes, seed=seed)
    if task != "referring":
        raise ValueError(f"The scenes of 'shapes' have no classes. Received: task={task!r}. Use --task referring.")
    if classes is not None:
        raise ValueError(f"The scenes of 'shapes' have no classes. Received: classes={classes!r}. Leave --classes out.")
    return kmm_data.ShapesSource(image_size=tuple(image_size), seed=seed)
