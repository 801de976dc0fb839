"""The drawings: each takes a result and returns matplotlib Axes; `save` writes them whole or not at all."""

from sweep.answer.figures.balance import draw_balance_curve
from sweep.answer.figures.learning import draw_learning
from sweep.answer.figures.reliability import draw_reliability
from sweep.answer.figures.style import save
from sweep.answer.figures.trial import balance_lines, draw_trial, findings
from sweep.answer.figures.trials import TrialPoint, draw_trials

__all__ = [
    "TrialPoint",
    "balance_lines",
    "draw_balance_curve",
    "draw_learning",
    "draw_reliability",
    "draw_trial",
    "draw_trials",
    "findings",
    "save",
]
