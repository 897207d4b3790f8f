"""How loss and metrics went over the epochs."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kmm.visualization.read_history import read_history

NO_METRICS = ("epoch", "learning_rate", "lr")


def plot_curves(history, path):
    """Writes a PNG file with two panels: the losses, and the metrics that lie between 0 and 1.

    Training is dashed, validation (`val_...`) solid in the same colour. Gaps in a curve are nan.

    Args:
        history: a dict from name to one value for each epoch, as in `History.history`, or the path of a CSV file
            with such columns, as `keras.callbacks.CSVLogger` writes it.
        path: the file to write, `.png`.

    Raises:
        ValueError: if there is no epoch or no loss in the history.

    Example:

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_curves({"loss": [2.0, 1.0], "val_overall_iou": [0.3, 0.5]}, pathlib.Path(folder) / "curves.png")
    """
    columns = history if isinstance(history, dict) else read_history(history)
    columns = {name: np.asarray(values, float) for name, values in columns.items()}
    if not any(name.endswith("loss") and len(values) for name, values in columns.items()):
        where = "a dict" if isinstance(history, dict) else history
        raise ValueError(
            "A history must hold a loss and at least one epoch. "
            f"Received: columns {sorted(columns)} in {where}. Train for an epoch."
        )
    epochs = columns.get("epoch", np.arange(max(map(len, columns.values())))) + 1
    losses = {name: values for name, values in columns.items() if name.endswith("loss")}
    metrics = {
        name: values
        for name, values in columns.items()
        if name not in (*losses, *NO_METRICS) and not np.any((values < 0) | (values > 1)) and len(values)
    }
    figure = Figure(figsize=(13, 4), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = [("loss", losses), ("metrics", metrics)] if metrics else [("loss", losses)]
    for axes, (title, curves) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw(axes, title, curves, epochs)
    if metrics:
        axes.set_ylim(0, 1)
    figure.savefig(path, format="png")


def _draw(axes, title, curves, epochs):
    plain_names = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    for name, values in curves.items():
        plain = name.removeprefix("val_")
        is_validation = name.startswith("val_")
        axes.plot(
            epochs[: len(values)], values, color=f"C{plain_names.index(plain) % 10}", linewidth=1.6,
            linestyle="-" if is_validation else "--", marker="o", markersize=3 if is_validation else 0,
            label=f"{plain.replace('_', ' ')}, {'validation' if is_validation else 'training'}",
        )  # fmt: skip
    axes.set_title(title, size=11)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
