"""What a run does, in order: search, selection, answer, deliver."""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sweep import __version__
from sweep.answer.dashboard import annotate
from sweep.answer.figures import TrialPoint, draw_balance_curve, draw_trial, draw_trials, findings, save
from sweep.answer.report import write_report
from sweep.balance.criteria import CRITERIA, gap, score
from sweep.balance.grid import saturation, weight_ratio
from sweep.balance.metrics import Counts, average_precision, precision_at_share
from sweep.data.features import Features
from sweep.data.folds import fold_of_row
from sweep.data.table import Table, check_folds, load_table, load_test
from sweep.deliver.export import export
from sweep.deliver.final import Final
from sweep.deliver.predict import decisions
from sweep.errors import RunError, SpecError, StudyError
from sweep.progress import Logged, Progress
from sweep.record import Record, Result, whole, write_text
from sweep.search.search import search
from sweep.search.selection import CANDIDATES, PICKS, Selection, confirm, select
from sweep.search.study import FINISHED, FrozenTrial, Space, Study
from sweep.search.trial import Outcome, Params, Task
from sweep.search.workers import Workers
from sweep.spec import Spec
from sweep.stack.recipe import default_epochs
from sweep.stack.weights import all_rows

__all__ = ["Result", "run"]


def run(
    spec: Spec,
    *,
    root: str | Path = ".",
    workers: int = 1,
    backend: str = "loky",
    storage: str | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Run a study, or go on with it: search, selection, answer, deliver.

    Parameters
    ----------
    spec : Spec
        With one target; `Spec.split` makes one of each of several.
    root : path
        Where `studies/NAME/` and `plots/NAME/` come to lie.
    workers : int
    backend : "loky", "dask" or "ray"
    storage : str, optional
        A database's URL; default: SQLite in the study's folder.
    quick : bool
        Leave the verdict out.
    progress : Progress, optional

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If the table, the settings or the storage cannot be used, or the name is taken by other data or settings.
    RunError
        If the run cannot go on; what is finished is kept.
    """
    if len(spec.data.target) > 1:
        raise SpecError(f"A run must have one target; got {len(spec.data.target)}. Use spec.split() and run each.")
    record = Record(Path(root).resolve(), spec.name)
    crew = Workers(workers, backend)
    data = load(spec)
    spec = resolve(spec, data.table)
    url = storage or f"sqlite:///{record.database}"
    with locked(record):
        progress = Logged(progress or Progress(), record.log)
        toml = spec.to_toml(record.folder)
        known = record.study.exists() and record.study.read_text(encoding="utf-8") == toml
        study = Study.open(
            url,
            spec.name,
            artifacts=record.artifacts,
            space=Space(spec.search.most, spec.search.depth, spec.search.width),
            seed=spec.search.seed,
            identity={"data": data.table.fingerprint, **identity(spec)},
        )
        write_text(record.study, toml)
        for note in (*data.table.notes, *(data.test.notes if data.test else ())):
            progress.note(note)
        if (
            known
            and record.result.exists()
            and sum(study.totals()[k] for k in ("complete", "pruned")) >= (spec.search.trials)
        ):
            return record.read_result()
        try:
            return _Run(record, spec, data, study, crew, progress, quick).go()
        finally:
            crew.stop()


@dataclass(frozen=True)
class Loaded:
    """The tables of a run, and the training table as X."""

    table: Table
    test: Table | None
    features: Features
    X: np.ndarray


def load(spec: Spec) -> Loaded:
    """Read and check the tables of a study."""
    data = spec.data
    table = load_table(
        data.path,
        target=data.target[0],
        positive=data.positive,
        missing=data.missing,
        drop=data.drop,
        group=data.group,
    )
    check_folds(table, spec.training.folds)
    test = None
    if data.test is not None:
        test = load_test(data.test, table, missing=data.missing, drop=data.drop, group=data.group)
    features = Features.learn(table.frame)
    return Loaded(table, test, features, features.transform(table.frame))


def resolve(spec: Spec, table: Table) -> Spec:
    """Spell out what depends on the table: the positive label, the range of `most`, the epochs."""
    top = saturation(float(table.y.mean()))
    low, high = spec.search.most
    if low > top:
        raise SpecError(
            f"most must start below {top:.4f}, from where the cap no longer binds for this table (the larger class's "
            f"share); got {low}. Lower its LO."
        )
    return replace(
        spec,
        data=replace(spec.data, positive=table.positive),
        search=replace(spec.search, most=(float(low), float(min(high, top)))),
        training=replace(spec.training, epochs=spec.training.epochs or default_epochs(len(table.y))),
    )


def identity(spec: Spec) -> dict[str, Any]:
    """The settings that a study's trials depend on: those that must be the same to go on with it."""
    return {
        "target": spec.data.target[0],
        "positive": spec.data.positive,
        **{k: v for k, v in asdict(spec.search).items() if k not in ("trials", "timeout")},
        **asdict(spec.training),
        "equal": spec.balance.equal,
    }


@contextmanager
def locked(record: Record) -> Iterator[None]:
    """Own a study's folder; a second run on it is refused. The lock goes with the process that holds it."""
    fresh = not record.folder.exists()
    try:
        record.folder.mkdir(parents=True, exist_ok=True)
        handle = open(record.folder / ".lock", "a+")  # noqa: SIM115: held until the run ends
    except OSError as error:
        raise RunError(f"{record.folder} must be a folder to write in; got: {error.strerror}. Choose --root.") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            raise RunError(
                f"Study {record.name!r} must be run once at a time; process {handle.read().strip()} is running it. "
                "Wait for it, or choose another --name."
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        try:
            yield
        except StudyError:
            if fresh:
                record.remove()
            raise


@dataclass
class _Run:
    record: Record
    spec: Spec
    data: Loaded
    study: Study
    workers: Workers
    progress: Progress
    quick: bool

    def __post_init__(self) -> None:
        table, training = self.data.table, self.spec.training
        assert training.epochs is not None  # resolved
        self.task = Task(
            X=self.data.X,
            y=table.y,
            fold_of_row=fold_of_row(table.y, table.groups, training.folds, self.spec.search.seed),
            units=table.groups,
            repeats=training.repeats,
            epochs=training.epochs,
            batch_size=training.batch_size,
            equal=self.spec.balance.equal,
            seed=self.spec.search.seed,
        )

    def go(self) -> Result:
        """Search, select, answer, deliver."""
        with self._timed("search"):
            search(
                self.study,
                self.task,
                trials=self.spec.search.trials,
                timeout=self.spec.search.timeout,
                workers=self.workers,
                progress=self.progress,
                show=self._show,
            )
        with self._timed("curve"):
            selection = self._select()
        with whole(self.record.selection) as part:
            selection.save(part, asked=self.spec.balance.equal, seed=self.task.seed)
        with self._timed("final"):
            test = self._deliver(selection)
        result = self._result(selection, test)
        draw_all(self.record, self.study.trials(*FINISHED), selection, result)
        write_report(self.record.report, result, pictures=pictures(self.record))
        write_text(self.record.result, result.to_json())
        return result

    def _show(self, number: int, params: Params, outcome: Outcome) -> None:
        path = self.record.trial_plot(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        axes = draw_trial(
            self.task.y,
            outcome.logits.mean(axis=1),
            number=number,
            params=asdict(params),
            name=self.spec.name,
            state="pruned" if outcome.pruned else "complete",
            epoch=outcome.epochs if outcome.pruned else None,
        )
        save(axes, path)
        annotate(self.study, number, path, findings(self.task.counts(outcome.logits)))

    def _select(self) -> Selection:
        self.progress.phase("confirm and curve", 2)
        confirmed = confirm(self.task, self.study.best_networks(CANDIDATES), self.workers)
        self.progress.step()
        selection = select(
            self.task, confirmed, *self.spec.search.most, asked=self.spec.balance.equal, workers=self.workers
        )
        self.progress.step()
        return selection

    def _deliver(self, selection: Selection) -> dict[str, Any] | None:
        self.progress.phase("final networks", 1)
        mosts = [selection.picks[name].most for name in PICKS]
        design = all_rows(self.task.y, most=mosts, repeats=self.task.repeats, seed=self.task.seed)
        recipe = self.task.recipe(selection.winner.params)
        stack = self.workers.fit(self.task.X, design, recipe, seed=self.task.seed)
        share = float(self.task.y.mean())
        final = Final(
            stack=stack,
            features=self.data.features,
            most=dict(zip(PICKS, mosts, strict=True)),
            weight_ratio={name: float(weight_ratio(m, share)) for name, m in zip(PICKS, mosts, strict=True)},
            card=self._card(selection),
        )
        final.store(self.record.artifacts)
        with whole(self.record.best) as best:
            export(final, best, equal=selection.equal, frame=self.data.table.frame, y=self.task.y)
        self.progress.step()
        return None if self.data.test is None else self._test(selection)

    def _card(self, selection: Selection) -> dict[str, Any]:
        """What the model says of itself."""
        table = self.data.table
        return {
            "name": self.spec.name,
            "version": __version__,
            "target": table.target,
            "positive": table.positive,
            "negative": table.negative,
            "fingerprint": table.fingerprint,
            "rows": len(table.y),
            "positives": int(table.y.sum()),
            "missing": list(self.spec.data.missing),
            "network": {"depth": selection.winner.params.depth, "width": selection.winner.params.width},
            "out_of_fold": {
                name: {"counts": pick.counts.to_dict(), "intervals": pick.counts.intervals()}
                for name, pick in selection.picks.items()
            },
        }

    def _test(self, selection: Selection) -> dict[str, Any]:
        """Score the test table once, by the exported model; beside it what to expect at its share of positives."""
        test = self.data.test
        assert test is not None
        counts = Counts.of(test.y, decisions(self.record.best / "model.keras", test.frame))
        r0, r1 = selection.picks[selection.equal].counts.recall
        implied = precision_at_share(r0 or 0.0, r1 or 0.0, float(test.y.mean()))
        return {**described(counts), "intervals": counts.intervals(), "expected_precision": list(implied)}

    def _result(self, selection: Selection, test: dict[str, Any] | None) -> Result:
        task, curve, share = self.task, selection.curve, float(self.task.y.mean())
        balances: dict[str, dict[str, Any]] = {}
        for name, pick in selection.picks.items():
            crossing = curve.crossings.get(name)
            balances[name] = {
                "reached": crossing.reached if crossing else True,
                "most": pick.most,
                "gap": pick.gap,
                "low": crossing.low if crossing else None,
                "high": crossing.high if crossing else None,
                **described(pick.counts),
            }
            if crossing and len(crossing.raw) > 1:
                balances[name]["raw_crossings"] = list(crossing.raw)
        balances["moved_cut"] = {
            "reached": True,
            "most": 0.5,
            "gap": gap(selection.moved, "ratio"),
            "low": None,
            "high": None,
            **described(selection.moved),
            "cut": selection.cut,
        }
        pick = selection.picks[selection.equal]
        winner = selection.winner
        selected = {
            "equal": selection.equal,
            **({"why": selection.why} if selection.why else {}),
            "trial": winner.trial,
            "params": {"most": pick.most, "depth": winner.params.depth, "width": winner.params.width},
            "weight_ratio": float(weight_ratio(pick.most, share)),
            **described(pick.counts),
            "average_precision": average_precision(task.y, pick.logits.mean(axis=1)),
            "average_precision_by_fold": self._by_fold(pick.logits.mean(axis=1)),
            "score": float(score(pick.counts, selection.equal)),
            "corrected": None,
            "confirmed": [{"trial": c.trial, **asdict(c.params), "score": c.score} for c in selection.confirmed],
        }
        table = self.data.table
        return Result(
            name=self.spec.name,
            version=__version__,
            data={
                "rows": len(table.y),
                "positives": int(table.y.sum()),
                "features": table.frame.width,
                "fingerprint": table.fingerprint,
                "target": table.target,
                "positive": table.positive,
            },
            equal=self.spec.balance.equal,
            selected=selected,
            balances=balances,
            trials=self.study.totals(),
            test=test,
            verdict=None,
            seconds=self.study.seconds(),
        )

    def _by_fold(self, logits: np.ndarray) -> float | None:
        """The mean of the folds' own average precisions."""
        folds = range(self.spec.training.folds)
        own = [average_precision(self.task.y[at], logits[at]) for at in (self.task.fold_of_row == k for k in folds)]
        known = [value for value in own if value is not None]
        return float(np.mean(known)) if known else None

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.study.add_seconds(phase, time.perf_counter() - started)


def described(counts: Counts) -> dict[str, Any]:
    """Counts with their rates, [class 0, class 1]; undefined is None."""
    return {"counts": counts.to_dict(), "precision": list(counts.precision), "recall": list(counts.recall)}


def draw_all(record: Record, trials: Sequence[FrozenTrial], selection: Selection, result: Result) -> None:
    """Draw the pictures of the whole study."""
    record.plots.mkdir(parents=True, exist_ok=True)
    pick, winner = selection.picks[selection.equal], selection.winner
    chosen = TrialPoint(
        winner.trial, pick.most, winner.params.depth, winner.params.width,
        pick.counts.precision[1], pick.counts.recall[1],
    )  # fmt: skip
    points = [
        TrialPoint(
            t.number, **t.params, precision=t.user_attrs["P1"], recall=t.user_attrs["R1"], pruned=t.state != FINISHED[0]
        )
        for t in trials
    ]
    share = float(selection.y.mean())
    save(draw_trials(points, selected=chosen, no_skill=share, name=record.name), record.plots / "precision-recall.png")
    save(
        draw_balance_curve(selection.curve, selected=selection.equal, equal=result.equal, name=record.name),
        record.plots / "balance-curve.png",
    )


def pictures(record: Record) -> list[Path]:
    """The pictures that a report shows."""
    return [record.plots / "balance-curve.png", record.plots / "precision-recall.png"]
