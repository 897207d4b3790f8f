"""How the plots of kmm look, and how they are written."""


def finish_figure(figure, panels, title, path):
    """Gives panels a light grid and no frame, puts the title above them, and writes a PNG file.

    Args:
        figure: `matplotlib.figure.Figure`.
        panels: its axes that show curves or bars.
        title: text above all, or an empty one.
        path: where to write, or an open binary file.
    """
    for axes in panels:
        axes.grid(alpha=0.25, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(title, size=11)
    figure.savefig(path, format="png")
