"""How the training went."""

from kmm.reporting.html_elements import heading, side_by_side
from kmm.reporting.line_chart import line_chart
from kmm.reporting.report_context import HISTORY
from kmm.reporting.section import Section
from kmm.visualization.read_history import read_history

NO_METRICS = ("epoch", "learning_rate", "lr")


def curves_section(context):
    """The losses and metrics of the epochs.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `history`, a dict from name to one value for each epoch; `None` where the run
        folder has no `history.csv` or it holds no epoch.
    """
    path = context.file(HISTORY)
    history = {} if path is None else read_history(path)
    if not history:
        return None
    epochs = [number + 1 for number in history.get("epoch", range(len(next(iter(history.values())))))]
    losses = _curves(history, epochs, lambda name, values: name.endswith("loss"))
    metrics = _curves(
        history, epochs,
        lambda name, values: (
            not name.endswith("loss")
            and name not in NO_METRICS
            and not any(value < 0 or value > 1 for value in values)
        ),
    )  # fmt: skip
    blocks = [
        side_by_side(
            heading("Loss") + line_chart(losses, "epoch"),
            heading("Metrics") + line_chart(metrics, "epoch", y_range=(0.0, 1.0)),
        ),
    ]
    return Section({"history": history}, blocks)


def _curves(history, epochs, wanted):
    chosen = {name: values for name, values in history.items() if wanted(name, values)}
    plain_names = list(dict.fromkeys(name.removeprefix("val_") for name in chosen))
    return [
        {
            "name": f"{name.removeprefix('val_').replace('_', ' ').replace('iou', 'IoU')}, "
            f"{'validation' if name.startswith('val_') else 'training'}",
            "xs": epochs,
            "ys": values,
            "color": plain_names.index(name.removeprefix("val_")),
            "dashed": not name.startswith("val_"),
        }
        for name, values in chosen.items()
    ]
