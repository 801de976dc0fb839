"""From confirmed networks to a balance: measure the winner's balance curve, train what is picked."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sweep import validation
from sweep.errors import StudyError
from sweep.files import open_arrays
from sweep.search.curve import COARSE, FEWER, RESAMPLES, trace_curve
from sweep.search.members import Confirmed, average_good_ones
from sweep.search.setup import TrialSetup
from sweep.statistics.calibration import as_delivered, as_delivered_by_fold
from sweep.statistics.carry_over import every, quantiles
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import CRITERIA, balancing_threshold, gap
from sweep.statistics.curve import Curve, balance_curve, choose
from sweep.statistics.reached import missed, nearly
from sweep.study.params import Params
from sweep.validation import ScoredRows

if TYPE_CHECKING:
    from sweep.parallel.workers import Workers
    from sweep.search.budget import Budget
    from sweep.stack.design import Design
    from sweep.stack.network import Stack

STEPS = 3  # of `select`
PICKS = (*CRITERIA, "unweighted")
OPERATING_POINT = "operating_point"  # one pick more, where that was asked for

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Pick:
    """A balance, trained as columns of its own, out-of-fold.

    Attributes
    ----------
    most : float
    logits : array, shape (scored rows, repeats)
    mean : array of float32, shape (scored rows,)
        Mean logits, as the network of all rows would give them: `as_delivered`.
    threshold : float
        On `mean`; above it a row is predicted positive. 0 where the weights put it.
    reached_by : "weights", "threshold" or None
        What made equal what should be; None where neither did.
    counts : Counts
    gap : float or None
        What is left of the difference that should be 0.
    trained_on : array, shape (1 + repeats, quantiles)
        Quantiles of what the networks of the folds say, as delivered, of the rows that they were trained on: of the
        mean logits, and of those of each repeat alone. By these a threshold is carried over.
    networks : Stack or None
        The networks of the folds, repeats x folds; None where they are not kept.
    """

    most: float
    logits: np.ndarray
    mean: np.ndarray
    threshold: float
    reached_by: str | None
    counts: Counts
    gap: float | None
    trained_on: np.ndarray
    networks: "Stack | None" = None

    @classmethod
    def at(cls, rows: ScoredRows, most: float, logits: np.ndarray, threshold: float, trained_on: np.ndarray) -> "Pick":
        """Take a balance at a threshold that was found for what was asked."""
        mean = as_delivered(rows, logits.mean(axis=1), most)
        return cls(most, logits, mean, threshold, None, Counts.of(rows.y, mean > threshold), None, trained_on)


@dataclass(frozen=True)
class Selection:
    """What the search comes to.

    Attributes
    ----------
    rows : ScoredRows
    winner : Confirmed
        The network taken, or the mean of several.
    confirmed : tuple of Confirmed
        All networks that were run again, and the winner.
    curve : Curve
    curve_logits : array of float32, shape (scored rows, balances, repeats)
        Out-of-fold.
    curve_trained_on : array, shape (balances, 1 + repeats, quantiles)
        As `Pick.trained_on`.
    equal, why : str, str or None
        The criterion taken and, where it is not the one asked for, one line that says why.
    picks : dict
        A `Pick` for each criterion and for "unweighted", and where one was asked for, the operating point.
    """

    rows: ScoredRows
    winner: Confirmed
    confirmed: tuple[Confirmed, ...]
    curve: Curve
    curve_logits: np.ndarray
    curve_trained_on: np.ndarray
    equal: str
    why: str | None
    picks: dict[str, Pick]

    @property
    def y(self) -> np.ndarray:
        """The labels of the scored rows."""
        return self.rows.y

    @property
    def repeats(self) -> int:
        """Count how often the winner is trained, per fold and balance."""
        return int(self.curve_logits.shape[2])

    def moved(self, name: str, equal: str) -> tuple[float, Counts]:
        """Find the threshold on a pick's mean logit at which a criterion holds, and the counts there, out-of-fold."""
        mean = self.picks[name].mean
        threshold = balancing_threshold(self.y, mean, equal)
        return threshold, Counts.of(self.y, mean > threshold)

    def save(self, path: Path, *, asked: str, seed: int) -> None:
        """Keep what `load` needs, as plain arrays."""
        np.savez(
            path,
            **{f"rows_{entry.name}": getattr(self.rows, entry.name) for entry in fields(ScoredRows)},
            curve_most=self.curve.most,
            curve_logits=self.curve_logits,
            curve_trained_on=self.curve_trained_on,
            pick_trained_on=np.stack([p.trained_on for p in self.picks.values()]),
            pick_name=[*self.picks],
            pick_threshold=[p.threshold for p in self.picks.values()],
            pick_most=[p.most for p in self.picks.values()],
            pick_logits=np.stack([p.logits for p in self.picks.values()]),
            confirmed_trial=[c.trial for c in self.confirmed],
            confirmed_params=[json.dumps(asdict(c.params)) for c in self.confirmed],
            confirmed_logits=np.stack([c.logits.mean(axis=1, keepdims=True) for c in self.confirmed]),
            confirmed_score=[c.score for c in self.confirmed],
            winner=next(k for k, one in enumerate(self.confirmed) if one is self.winner),
            asked=asked,
            seed=seed,
        )

    @staticmethod
    def load(path: Path) -> "Selection":
        """Read what `save` kept; nothing in the file is executed, and the curve is measured from its logits anew.

        Raises
        ------
        StudyError
            If it cannot be read: it is damaged, or another version's.
        """
        try:
            with open_arrays(path) as kept:
                rows = ScoredRows(**{entry.name: kept[f"rows_{entry.name}"] for entry in fields(ScoredRows)})
                asked, seed = str(kept["asked"]), int(kept["seed"])
                confirmed = tuple(
                    Confirmed(int(trial), Params.read(json.loads(params)), logits, float(value))
                    for trial, params, logits, value in zip(
                        kept["confirmed_trial"], kept["confirmed_params"].tolist(), kept["confirmed_logits"],
                        kept["confirmed_score"], strict=True,
                    )
                )  # fmt: skip
                winner = confirmed[int(kept["winner"])]
                curve_logits, most = kept["curve_logits"], kept["curve_most"]
                curve_trained_on = kept["curve_trained_on"]
                thresholds, trained_on = kept["pick_threshold"].tolist(), kept["pick_trained_on"]
                parts = (kept["pick_most"].tolist(), kept["pick_logits"], thresholds, trained_on)
                picked = dict(zip(kept["pick_name"].tolist(), zip(*parts, strict=True), strict=True))
        except Exception as error:  # a damaged archive can fail anywhere in its reader
            raise StudyError(f"{path}: what was selected cannot be read ({error}); run the study again.") from None
        rows = replace(rows, prevalence=float(rows.prevalence))
        curve = balance_curve(
            rows.y, rows.units, curve_logits, most, prevalence=rows.prevalence, resamples=RESAMPLES, seed=seed
        )
        picks = {
            name: Pick.at(rows, most, logits, threshold, trained_on)
            if name == OPERATING_POINT
            else _pick(rows, name, most, logits, curve, trained_on)
            for name, (most, logits, threshold, trained_on) in picked.items()
        }
        taken = (OPERATING_POINT, None) if OPERATING_POINT in picks else choose(curve, asked)
        return Selection(rows, winner, confirmed, curve, curve_logits, curve_trained_on, *taken, picks)


def measure_curve(
    X: np.ndarray,
    setup: TrialSetup,
    params: Params,
    low: float,
    high: float,
    workers: "Workers",
    *,
    repeats: int,
    coarse: int = COARSE,
) -> tuple[Curve, np.ndarray, np.ndarray]:
    """Measure a network's balance curve, its balances as columns of one stack: see `trace_curve`.

    Returns
    -------
    Curve, the out-of-fold logits, array of shape (scored rows, balances, repeats), and `Selection.curve_trained_on`
    """
    train = partial(_cross_validate, X, setup, params, workers=workers, repeats=repeats)
    rows = setup.scored
    return trace_curve(train, rows.y, rows.units, low, high, prevalence=rows.prevalence, coarse=coarse, seed=setup.seed)


def pick(
    X: np.ndarray,
    setup: TrialSetup,
    params: Params,
    along: tuple[Curve, np.ndarray, np.ndarray],
    workers: "Workers",
    *,
    taken: str,
) -> dict[str, Pick]:
    """Train the balance of each criterion, and no weighting, as columns of their own; one on the curve is there.

    The networks of the criterion taken are kept, where they are trained here.
    """
    curve = along[0]
    mosts = [*(curve.crossings[equal].most for equal in CRITERIA), 0.5]
    known = _by_balance(curve.most.tolist(), *along[1:])
    more = sorted(set(mosts) - set(known))
    if more:
        design, stack = _train(X, setup, params, more, workers, repeats=along[1].shape[2])
        known |= _by_balance(more, *_score(X, setup, more, design, stack))
    picks = {
        name: _pick(setup.scored, name, most, known[most][0], curve, known[most][1])
        for name, most in zip(PICKS, mosts, strict=True)
    }
    if (most := picks[taken].most) in more:
        columns = np.arange(stack.columns).reshape(len(more), -1)[more.index(most)]
        picks[taken] = replace(picks[taken], networks=stack.take(columns))
    return picks


def _by_balance(
    mosts: Sequence[float], logits: np.ndarray, trained_on: np.ndarray
) -> dict[float, tuple[np.ndarray, np.ndarray]]:
    return dict(zip(mosts, zip(np.moveaxis(logits, 1, 0), trained_on, strict=True), strict=True))


def select(
    X: np.ndarray,
    setup: TrialSetup,
    confirmed: tuple[Confirmed, ...],
    low: float,
    high: float,
    *,
    asked: str,
    workers: "Workers",
    budget: "Budget",
    step: OnStep = lambda detail: None,
) -> Selection:
    """Take the mean of the good ones of the confirmed networks, and select its balances.

    Where its curve takes longer than `budget` allows, it has few balances and one repeat, which is delivered too.
    `step(detail)` is called `STEPS` times: once it is chosen, the curve is measured, the balances are picked.
    """
    winner = average_good_ones(setup, confirmed, budget)
    params = winner.params
    coarse, repeats = COARSE if budget.allows_curve(params) else FEWER, budget.repeats_of(params)
    confirmed = confirmed if any(winner is one for one in confirmed) else (*confirmed, winner)
    step(f"taken: {params.words}")
    along = measure_curve(X, setup, params, low, high, workers, repeats=repeats, coarse=coarse)
    step(f"{len(along[0].most)} balances of one network")
    taken = choose(along[0], asked)
    picks = pick(X, setup, params, along, workers, taken=taken[0])
    step("each balance picked")
    return Selection(setup.scored, winner, confirmed, *along, *taken, picks)


def _pick(
    rows: ScoredRows,
    name: str,
    most: float,
    logits: np.ndarray,
    curve: Curve,
    trained_on: np.ndarray,
) -> Pick:
    """Decide a balance as trained; where the weights end before `ratio` or `recall`, the threshold finishes the way.

    So it does where the balance, once trained, misses by more than chance what the curve promised: networks that
    learned little predict no row positive at one balance, and all at the next.
    """
    y, mean = rows.y, as_delivered(rows, logits.mean(axis=1), most)
    counts, threshold = Counts.of(y, mean > 0), 0.0
    reached_by = "weights" if name not in CRITERIA or curve.crossings[name].reached else None
    if name in ("ratio", "recall") and (reached_by is None or missed(np.array(astuple(counts)), name)):
        threshold = balancing_threshold(y, mean, name)
        counts = Counts.of(y, mean > threshold)
        reached_by = "threshold" if nearly(counts, name) else None
    left = gap(counts, name if name in CRITERIA else "ratio")
    return Pick(most, logits, mean, threshold, reached_by, counts, left, trained_on)


def _cross_validate(
    X: np.ndarray, setup: TrialSetup, params: Params, mosts: Sequence[float], workers: "Workers", *, repeats: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cross-validate balances: see `_score`."""
    return _score(X, setup, mosts, *_train(X, setup, params, mosts, workers, repeats=repeats))


def _train(
    X: np.ndarray, setup: TrialSetup, params: Params, mosts: Sequence[float], workers: "Workers", *, repeats: int
) -> "tuple[Design, Stack]":
    """Train the networks of the folds at some balances, as one stack."""
    design = setup.cross_validation(mosts, repeats=repeats)
    return design, workers.fit(X, design, setup.recipe(params), seed=setup.seed)


def _score(
    X: np.ndarray, setup: TrialSetup, mosts: Sequence[float], design: "Design", stack: "Stack"
) -> tuple[np.ndarray, np.ndarray]:
    """Score balances: out-of-fold logits, (scored rows, balances, repeats), and `Selection.curve_trained_on`."""
    some = every(len(X))
    said = stack.logits(X[some]).reshape(-1, len(mosts), design.repeats, design.folds)
    trained_on = []
    for balance, most in enumerate(mosts):
        by_fold = as_delivered_by_fold(setup.scored, said[:, balance], most)
        columns = [by_fold.mean(axis=1), *np.moveaxis(by_fold, 1, 0)]
        trained_on.append([_quantiles_trained_on(column, setup.fold_of_row, some) for column in columns])
    return design.out_of_fold(stack.logits(X, design.held_out)), np.array(trained_on)


def _quantiles_trained_on(logits: np.ndarray, fold_of_row: np.ndarray, some: slice) -> np.ndarray:
    """Take the quantiles of what each fold's networks, (rows, folds), say of the rows that they are trained on."""
    return quantiles(
        (logits[validation.trained_on(fold_of_row, fold)[some], fold] for fold in range(logits.shape[1])), len(logits)
    )
