"""Before a run: read and check its tables, and spell out what depends on them. No TensorFlow, no Optuna.

Whatever is wrong with the input is found here, before anything slow is loaded or anything is written.
"""

from dataclasses import dataclass, replace

import numpy as np

from sweep.balance.grid import saturation
from sweep.data.features import Features
from sweep.data.folds import fold_of_row
from sweep.data.table import Table, check_folds, load_table, load_test
from sweep.errors import SpecError
from sweep.spec import Spec
from sweep.stack.recipe import default_batch_size, default_epochs


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that can be run.

    Attributes
    ----------
    spec : Spec
        With one target, and nothing left open: the positive label, the range of `most`, the epochs.
    table : Table
    test : Table or None
    features : Features
        How the table's columns become X.
    X : array of float64, shape (rows, features)
    fold_of_row : array of int, shape (rows,)
    """

    spec: Spec
    table: Table
    test: Table | None
    features: Features
    X: np.ndarray
    fold_of_row: np.ndarray

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be said aloud of the tables, a line each."""
        said = (*self.table.notes, *self.features.notes(self.table.frame))
        return said if self.test is None else (*said, *self.test.notes)


def prepare(spec: Spec) -> Prepared:
    """Read and check the tables of a study.

    Raises
    ------
    ValueError
        If a table cannot be used, or a setting does not fit it.
    """
    if len(spec.data.target) > 1:
        raise SpecError(f"A run must have one target; got {len(spec.data.target)}. Use spec.split() and run each.")
    data = spec.data
    table = load_table(
        data.path,
        target=data.target[0],
        positive=data.positive,
        missing=data.missing,
        drop=data.drop,
        group=data.group,
    )
    spec = _resolve(spec, table)
    check_folds(table, spec.training.folds)
    folds = fold_of_row(table.y, table.groups, spec.training.folds, spec.search.seed)
    test = None
    if data.test is not None:
        test = load_test(data.test, table, missing=data.missing, drop=data.drop, group=data.group)
    features = Features.learn(table.frame)
    return Prepared(spec, table, test, features, features.transform(table.frame), folds)


def _resolve(spec: Spec, table: Table) -> Spec:
    top = saturation(float(table.y.mean()))
    low, high = spec.search.most
    if low > top:
        raise SpecError(
            f"most must start below {top:.4f}, from where the cap no longer binds for this table (the larger class's "
            f"share); got {low}. Lower its LO."
        )
    rows, training = len(table.y), spec.training
    return replace(
        spec,
        data=replace(spec.data, positive=table.positive),
        search=replace(spec.search, most=(float(low), float(min(high, top)))),
        training=replace(
            training,
            epochs=training.epochs or default_epochs(rows),
            batch_size=training.batch_size or default_batch_size(rows),
        ),
    )
