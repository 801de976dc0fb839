"""Leak alarms held against the rest of the table: where it tells as much without those columns, they are withdrawn."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sweep.evidence.baselines import compare
from sweep.evidence.boosting import boost_out_of_fold
from sweep.evidence.columns import Alarm, SourceColumn
from sweep.evidence.rule import CLEARLY_FLAT
from sweep.search.setup import TrialSetup
from sweep.statistics.confusion import average_precision


def hold_against_rest(
    alarms: Sequence[Alarm], columns: Sequence[SourceColumn], setup: TrialSetup, network: np.ndarray
) -> tuple[Alarm, ...]:
    """Withdraw the leak alarms where gradient boosting does as well without all of their columns; else say how it does.

    As well: the high end of how far it falls behind the network in average precision, paired, is below .05. The answer
    then does not rest on whether these columns are known when a prediction is made. All are left out together, since
    one of two leaks is not missed while the other is there.

    Parameters
    ----------
    alarms : sequence of Alarm
    columns : sequence of SourceColumn
    setup : TrialSetup
    network : array, shape (scored rows,)
        Its mean out-of-fold logits.
    """
    leaks = [alarm for alarm in alarms if alarm.kind == "leak"]
    names = {alarm.column for alarm in leaks}
    rest = [column for column in columns if column.name not in names]
    if not leaks or not rest:
        return tuple(alarms)
    without = boost_out_of_fold(rest, setup)
    if compare(setup, network, without).average_precision.high < CLEARLY_FLAT:
        return tuple(alarm for alarm in alarms if alarm.kind != "leak")
    area = average_precision(setup.scored.y, without) or 0.0
    last = f"{leaks[-1].says} Without {'it' if len(names) == 1 else 'them'}, gradient boosting has {area:.2f}."
    return tuple(replace(alarm, says=last) if alarm is leaks[-1] else alarm for alarm in alarms)
