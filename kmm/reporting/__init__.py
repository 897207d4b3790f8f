"""Reporting: all that is known about a trained model, on one page."""

from kmm.reporting.make_report import make_report

__all__ = ["make_report"]
