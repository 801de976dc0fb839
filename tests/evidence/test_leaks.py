"""Leak alarms beside the rest of the table: kept where the answer rests on the columns, withdrawn where it does not."""

import numpy as np

from sweep.data.features import Column, Features
from sweep.data.folds import fold_of_row
from sweep.evidence.boosting import boost_out_of_fold
from sweep.evidence.columns import Alarm, find_alarms, score_column, source_columns
from sweep.evidence.leaks import hold_against_rest
from sweep.search.setup import TrialSetup
from sweep.statistics.confusion import average_precision

ROWS, POSITIVES = 900, 300
RNG = np.random.default_rng(0)
Y = RNG.permutation(np.repeat([0, 1], [ROWS - POSITIVES, POSITIVES]))
SETUP = TrialSetup(Y, fold_of_row(Y, np.arange(ROWS), 5, 0), np.arange(ROWS), 1, 2, 64, "precision", 0)
HONEST = RNG.normal(size=(ROWS, 3)) + 0.5 * Y[:, None]


def asked(*values: np.ndarray) -> tuple[tuple[Alarm, ...], tuple[Alarm, ...]]:
    """The alarms, and what is kept of them, of a whole model that is boosting itself."""
    X = np.stack(values, axis=1).astype(float)
    columns = source_columns(Features(tuple(Column(f"x{k}", "number") for k in range(X.shape[1]))), X)
    logits = boost_out_of_fold(columns, SETUP)
    scores = [score_column(column, Y, SETUP.fold_of_row)[0] for column in columns]
    alarms = find_alarms(scores, columns, average_precision(Y, logits))
    return alarms, hold_against_rest(alarms, columns, SETUP, logits)


def test_a_column_of_many_that_tell_as_much_is_not_asked_about() -> None:
    """If it failed, a table of good measurements would be doubted for each of them."""
    alarms, kept = asked(4 * Y + RNG.normal(size=ROWS), *(2 * Y + RNG.normal(size=ROWS) for _ in range(6)))
    assert [alarm.column for alarm in alarms] == ["x0"]
    assert not kept


def test_a_leak_is_asked_about_with_what_the_others_do_without_it() -> None:
    """If it failed, a verdict would rest on what is known only afterwards, or not say what is left."""
    _, (alarm,) = asked(np.where(RNG.random(ROWS) < 0.99, Y, 1 - Y), *HONEST.T)
    assert alarm.column == "x0"
    assert "known when the prediction is made? Without it, gradient boosting has 0." in alarm.says


def test_two_leaks_do_not_hide_each_other() -> None:
    """If it failed, a refund beside a chargeback would silence both alarms, as either does without the other."""
    _, kept = asked(Y * RNG.lognormal(size=ROWS), Y * 3 + RNG.normal(size=ROWS) / 9, *HONEST.T)
    assert [alarm.column for alarm in kept] == ["x0", "x1"]
    assert "Without" not in kept[0].says
    assert "Without them, gradient boosting has 0." in kept[1].says


def test_a_table_of_one_column_keeps_its_alarm_and_an_index_stays_one() -> None:
    """If it failed, the only column would be held against nothing, or a row number pass for withdrawn."""
    alarms, kept = asked(Y.astype(float))
    assert alarms == kept
    assert [alarm.kind for alarm in kept] == ["leak"]
    _, kept = asked(np.arange(ROWS), *HONEST.T)
    assert [alarm.kind for alarm in kept] == ["index"]
