"""Visualization: masks on photographs, galleries of answers, curves of a training run."""

from kmm.visualization.class_colors import class_colors
from kmm.visualization.overlay_mask import overlay_mask
from kmm.visualization.plot_comparison import plot_comparison
from kmm.visualization.plot_curves import plot_curves
from kmm.visualization.plot_gallery import plot_gallery

__all__ = ["class_colors", "overlay_mask", "plot_comparison", "plot_curves", "plot_gallery"]
