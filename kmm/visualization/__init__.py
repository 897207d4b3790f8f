"""Visualization: masks on photographs, galleries of answers, curves of a training run."""

from kmm.visualization.class_colors import class_colors
from kmm.visualization.overlay_mask import overlay_mask
from kmm.visualization.plot_attention import plot_attention
from kmm.visualization.plot_audit import plot_audit
from kmm.visualization.plot_calibration import plot_calibration
from kmm.visualization.plot_comparison import plot_comparison
from kmm.visualization.plot_curves import plot_curves
from kmm.visualization.plot_gallery import plot_gallery
from kmm.visualization.plot_protocol import plot_protocol
from kmm.visualization.plot_word_importance import plot_word_importance

__all__ = [
    "class_colors",
    "overlay_mask",
    "plot_attention",
    "plot_audit",
    "plot_calibration",
    "plot_comparison",
    "plot_curves",
    "plot_gallery",
    "plot_protocol",
    "plot_word_importance",
]
