"""What a person reads of a run: a summary in the terminal, figures and a map.

Public names:
    summary, print_summary: a run as something the terminal prints.
    save_figures: the figures of a run as PNG files.
"""

from sim.report.figures import FIGURES, save_figures
from sim.report.summary import print_summary, summary

__all__ = ["FIGURES", "print_summary", "save_figures", "summary"]
