"""The drawings: each takes a result and returns matplotlib Axes; `save` writes them whole or not at all."""

from sweep.report.figures.balance import draw_balance_curve
from sweep.report.figures.delivered import draw_delivered
from sweep.report.figures.files import save, save_all, shown_in_notebooks
from sweep.report.figures.importance import draw_importance
from sweep.report.figures.learning import draw_learning
from sweep.report.figures.reliability import draw_reliability
from sweep.report.figures.thresholds import draw_thresholds
from sweep.report.figures.trial import balance_lines, draw_trial, findings
from sweep.report.figures.trials import TrialPoint, draw_trials

__all__ = [
    "TrialPoint",
    "balance_lines",
    "draw_balance_curve",
    "draw_delivered",
    "draw_importance",
    "draw_learning",
    "draw_reliability",
    "draw_thresholds",
    "draw_trial",
    "draw_trials",
    "findings",
    "save",
    "save_all",
    "shown_in_notebooks",
]
