"""The story of a run, in the order in which things happen.

    prepare   read and check the tables, spell out what depends on them (`sweep.prepared`)
    search    an Optuna study over the balance and the network
    select    confirm the best networks, measure the balance curve, pick the balances, correct the score for the search
    deliver   train the final networks on all rows, export the balance selected, score the test table once
    weigh     gather the evidence and answer whether it is futile
    report    result.json, the pictures, the page to read

The rooms that load TensorFlow, Optuna or matplotlib are imported by the function that enters them, so that a wrong
input is refused before anything slow is loaded and before anything is written.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sweep.config import ALL, Balance, Spec
from sweep.data.features import Features
from sweep.data.frames import as_raw
from sweep.data.screening import NUMBERS_ROWS
from sweep.data.table import Table
from sweep.evidence.columns import source_columns
from sweep.files import whole, write_text
from sweep.prepared import Prepared, origin_of, prepare
from sweep.progress import Logged, Progress, duration
from sweep.report.result import Result, class_names
from sweep.stack.recipe import Recipe, default_batch_size, default_epochs
from sweep.stack.sampling import sample_rows
from sweep.statistics.operating_point import Wanted
from sweep.study_folder import StudyFolder, locked

if TYPE_CHECKING:
    from sweep.evidence.two_sample import Rows
    from sweep.evidence.verdict import Verdict
    from sweep.model.final import Final
    from sweep.parallel.workers import Workers
    from sweep.report.trial_pictures import TrialPictures
    from sweep.search.budget import Budget
    from sweep.search.operating_point import Standing
    from sweep.search.selection import Selection
    from sweep.search.setup import TrialSetup
    from sweep.statistics.corrected_score import Corrected
    from sweep.statistics.test_table import OnTest
    from sweep.study.outcome import Outcome
    from sweep.study.params import Params
    from sweep.study.study import Study

NOTED = 5.0  # seconds of the search, after which they are kept
LOGITS_KEPT = 50_000_000  # of all trials, beyond which those of hopeless ones are left out of the correction
OUT_OF_REACH = 6.0  # paired standard errors above the lowest log loss, from which on a trial is hopeless


@dataclass(frozen=True, eq=False)
class Run:
    """What the stages of a run share: the study's folder, what is run, the open study, the workers."""

    folder: StudyFolder
    data: Prepared
    setup: "TrialSetup"
    study: "Study"
    workers: "Workers"
    progress: Progress
    quick: bool

    @property
    def spec(self) -> Spec:
        """Every setting."""
        return self.data.spec

    @cached_property
    def of_trials(self) -> "TrialSetup":
        """Give what trials go by: of a large table they train on fewer rows, unless on all was asked for."""
        return self.setup if self.spec.training.negatives == ALL else self.setup.of_trials(self.data.X)

    @cached_property
    def budget(self) -> "Budget":
        """Add up the search: it bounds what is trained after it."""
        from sweep.search.budget import Budget
        from sweep.study.params import Params

        trials = [(Params(**t.params), int(t.user_attrs["epochs"])) for t in self.study.finished_trials()]
        return Budget.of_search(self.setup, self.of_trials, trials, self.study.space, self.data.X.shape[1])

    @cached_property
    def pictures(self) -> "TrialPictures":
        """Make what draws the trials."""
        from sweep.report.trial_pictures import TrialPictures

        table = self.data.table
        names = class_names(table.target, table.negative, table.positive)
        return TrialPictures(self.folder, self.study, self.setup.scored.y, names, self.progress.note)

    @contextmanager
    def timed(self, phase: str) -> "Iterator[Callable[..., None]]":
        """Add the wall clock of a block to a phase; what is given adds what has passed so far, should a kill come.

        Fewer seconds than it is told are left for later.
        """
        clock = time.perf_counter()

        def spend(least: float = 0.0) -> None:
            nonlocal clock
            now = time.perf_counter()
            if now - clock >= least:
                self.study.add_seconds(phase, now - clock)
                clock = now

        try:
            yield spend
        finally:
            spend()


def run(
    spec: Spec | Prepared,
    *,
    root: str | Path = ".",
    workers: int = 1,
    backend: str = "loky",
    storage: str | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Run a study, or resume it: prepare, search, select, deliver, weigh the evidence, report.

    Parameters
    ----------
    spec : Spec, or what `prepare` made of one
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
    data = prepare(spec) if isinstance(spec, Spec) else spec
    from sweep.parallel.workers import Workers
    from sweep.study.copying import copy_study

    folder = StudyFolder(Path(root).resolve(), data.spec.name)
    with locked(folder), Workers(workers, backend) as pool:
        logged = Logged(progress or Progress(), folder.log)
        with closing(open_study(folder, data, storage, logged)) as study:
            if data.frame is not None:
                keep_frame(folder, data.frame)
            write_text(folder.study, data.spec.to_toml(folder.folder))
            for note in data.notes:
                logged.note(note)
            if is_done(folder, data, study, quick):
                return Result.read(folder)
            with data.laid_out(folder.features):
                if pool.elsewhere and (there := data.there()):
                    failed = pool.look_there(data.X, there)
                    logged.note(f"the table is sent to the workers ({failed})" if failed else "workers read the table")
                result = search_to_report(Run(folder, data, make_setup(data), study, pool, logged, quick))
            if storage is not None:
                copy_study(study.storage, study.optuna.study_name, folder.database, as_name=folder.name)
            write_text(folder.result, result.to_json())
            study.done = done_settings(data, folder, quick)
            return result


def keep_frame(folder: StudyFolder, frame: Any) -> None:
    """Keep a table that was given in memory, so that its study can be resumed and repeated from its folder."""
    raw, categories = as_raw(frame)
    raw = raw.with_columns(pl.col(name).cast(pl.String).cast(pl.Categorical) for name in categories)
    with whole(folder.table) as part:
        raw.write_parquet(part)


def make_setup(data: Prepared) -> "TrialSetup":
    """Put together what all trials of a study share."""
    from sweep.search.setup import TrialSetup

    table, search, training = data.table, data.spec.search, data.spec.training
    asked = asked_of(data.spec.balance)
    sample = sample_rows(data.X, table.y, training.negatives_per_positive, seed=search.seed)
    trained = len(table.y) if sample is None else int(sample.sum())
    return TrialSetup(
        y=table.y,
        fold_of_row=data.fold_of_row,
        groups=table.groups,
        repeats=training.repeats,
        epochs=training.epochs or default_epochs(trained),
        batch_size=training.batch_size or default_batch_size(trained),
        equal=data.spec.balance.criterion,
        asked=None if asked is None else replace(asked, confidence=None),
        seed=search.seed,
        sample=sample,
        drawn=table.times is None and table.own_folds is None,
    )


def open_study(folder: StudyFolder, data: Prepared, storage: str | None, progress: Progress) -> "Study":
    """Open the Optuna study, or begin it; refuse one that began with other data or settings."""
    from sweep.study.space import Space
    from sweep.study.study import Study

    search = data.spec.search
    return Study.open(
        folder,
        storage,
        space=Space(search.most, search.depth, search.width, search.settings),
        seed=search.seed,
        identity={"data": data.table.fingerprint, **identity(data.spec)},
        note=progress.note,
    )


def identity(spec: Spec) -> dict[str, Any]:
    """Collect the settings that a study's trials depend on: those that must be the same to resume it."""
    return {
        "target": spec.data.target[0],
        "positive": spec.data.positive,
        **{k: v for k, v in asdict(spec.search).items() if k not in ("trials", "timeout")},
        **asdict(spec.training),
        "recipe": Recipe().identity(),
        "objective": objective(spec.balance),
        **{name: column for name in ("time", "fold") if (column := getattr(spec.data, name)) is not None},
    }


def objective(balance: Balance) -> str:
    """Name what the search makes as high as it can."""
    asked = asked_of(balance)
    if asked is not None:
        return asked.goal
    return "min(R0, R1)" if balance.criterion == "recall" else "min(P1, R1)"


def asked_of(balance: Balance) -> Wanted | None:
    """Take the operating point that the settings ask for, or None."""
    point = balance.point
    return None if point is None else Wanted(**point)


def done_settings(data: Prepared, folder: StudyFolder, quick: bool) -> dict[str, Any]:
    """Say what a finished result belongs to: every setting, the test table, and whether it has a verdict."""
    return {
        "settings": data.spec.to_toml(folder.folder),
        "test": None if data.test is None else data.test.fingerprint,
        "verdict": not quick,
    }


def is_done(folder: StudyFolder, data: Prepared, study: "Study", quick: bool) -> bool:
    """Check whether the result in the folder is the one asked for: a quick run takes one with a verdict too."""
    if study.finished < data.spec.search.trials or not folder.complete:
        return False
    return any(study.done == done_settings(data, folder, without) for without in {False, quick})


def search_to_report(this: Run) -> Result:
    """Go through the stages, from the first trial to the report."""
    estimate_time(this)
    search_trials(this)
    selection, corrected, standing = select_balance(this)
    final, test = deliver_model(this, selection, corrected, standing)
    verdict = None if this.quick else weigh_evidence(this, selection, corrected)
    this.data.let_go()
    return report_result(this, selection, corrected, standing, final, test, verdict)


def estimate_time(this: Run) -> None:
    """Say how long the run will take."""
    from sweep.evidence.estimate import estimate_verdict
    from sweep.search.estimate import estimate, middle_of
    from sweep.search.pace import measure_pace

    search, setup, space, count = this.spec.search, this.setup, this.study.space, this.workers.count
    left = max(0, search.trials - this.study.finished)
    pace = measure_pace(this.data.X, setup, middle_of(space), workers=count)
    seconds = estimate(setup, space, pace, of_trials=this.of_trials, trials=left, workers=count)
    if search.timeout is not None:
        seconds["search"] = min(seconds["search"], search.timeout)
    if not this.quick:
        test = 0 if this.data.test is None else len(this.data.test.y)
        columns = len(this.data.features.columns)
        seconds["verdict"] = estimate_verdict(setup, space, pace, columns=columns, test_rows=test)
    this.progress.plan(seconds)
    parts = ", ".join(f"{phase} {duration(s)}" for phase, s in seconds.items())
    this.progress.note(
        f"about {duration(sum(seconds.values()))}: {parts} ({left} trials of {this.spec.training.folds} folds, "
        f"{this.of_trials.epochs} epochs of {this.of_trials.trained} rows)"
    )


def search_trials(this: Run) -> None:
    """Run trials until there are as many as asked for; each is scored, told, then drawn."""
    from sweep.search.loop import search

    with this.timed("search") as spend:
        this.pictures.draw_left_out()

        def draw(number: int, params: "Params", outcome: "Outcome") -> None:
            stopped = outcome.epochs if outcome.pruned else None
            this.pictures.draw(number, asdict(params), outcome.logits, outcome.counts, stopped)
            spend(least=NOTED)

        search(
            this.study,
            this.data.X,
            this.of_trials,
            trials=this.spec.search.trials,
            timeout=this.spec.search.timeout,
            workers=this.workers,
            progress=this.progress,
            on_told=draw,
        )
        this.pictures.settle()


def select_balance(this: Run) -> "tuple[Selection, Corrected, Standing | None]":
    """Confirm the best networks, pick the balances on the winner's curve, and correct the score for the search."""
    from sweep.search.members import audition, rank_networks
    from sweep.search.selection import STEPS, select
    from sweep.study.params import Params
    from sweep.study.study import FINISHED

    asked, standing = this.spec.balance.criterion, None
    with this.timed("curve"):
        this.progress.phase("curve", 1 + STEPS)
        step = this.progress.step
        complete = this.study.trials(FINISHED[0])
        trials = ((t.number, Params(**t.params), this.study.logits(t).mean(axis=1)) for t in complete)
        best, additive = rank_networks(this.setup, trials), this.spec.search.depth[0] == 0
        confirmed = audition(this.data.X, this.setup, best, this.workers, this.budget, additive=additive)
        step(f"{len(confirmed)} networks again, with fresh seeds")
        of_all: dict[str, Any] = {"workers": this.workers, "budget": this.budget, "step": step}
        selection = select(this.data.X, this.setup, confirmed, *this.spec.search.most, asked=asked, **of_all)
        if (point := asked_of(this.spec.balance)) is None:
            corrected = correct_for_search(this, selection)
        else:
            from sweep.search.operating_point import stand

            selection, standing = stand(selection, point, *all_trials(this, selection), seed=this.setup.seed)
            corrected = standing.corrected.score
    this.folder.withdraw_result()
    with whole(this.folder.selection) as part:
        selection.save(part, asked=asked, seed=this.setup.seed)
    return selection, corrected, standing


def all_trials(this: Run, selection: "Selection") -> tuple[np.ndarray, list[bool], np.ndarray]:
    """Stack mean out-of-fold logits of all complete trials and of the networks run again: (scored rows, networks).

    Says of each whether it is one of the curve's network's members, and gives its log losses, (scored rows, networks).
    Those that no resample would take are left out where all would take much memory.
    """
    from sweep.search.members import errors_apart, log_losses
    from sweep.study.params import Params
    from sweep.study.study import FINISHED

    members = {part.network for part in selection.winner.params.parts}
    complete, again = this.study.trials(FINISHED[0]), [c for c in selection.confirmed if not c.params.members]
    found = chain(((Params(**t.params), this.study.logits(t)) for t in complete), ((c.params, c.logits) for c in again))
    many = (len(complete) + len(again)) * len(this.setup.scored.y) > LOGITS_KEPT
    kept: list[tuple[np.ndarray, bool, np.ndarray]] = []
    for params, logits in found:
        mean = logits.mean(axis=1, dtype=np.float32)
        losses = log_losses(this.setup, mean, params.most).astype(np.float32)
        kept.append((mean, params.network in members, losses))
        if many:
            lowest = min((one[2] for one in kept), key=lambda of: of.mean(dtype=float))
            kept = [one for one in kept if errors_apart(this.setup, one[2], lowest) <= OUT_OF_REACH]
    means, on_curve, judged = zip(*kept, strict=True)
    return np.stack(means).T, [*on_curve], np.stack(judged).T


def correct_for_search(this: Run, selection: "Selection") -> "Corrected":
    """Correct the delivered balance's score for the search, over the out-of-fold logits of all complete trials."""
    from sweep.statistics.corrected_score import corrected_score

    logits, on_curve, losses = all_trials(this, selection)
    return corrected_score(
        this.setup.scored.y,
        this.setup.scored.units,
        logits,
        on_curve,
        selection.curve_logits,
        selection.curve.most,
        equal=this.setup.equal,
        losses=losses,
        deliver=selection.equal,
        prevalence=this.setup.scored.prevalence,
        seed=this.setup.seed,
    )


def deliver_model(
    this: Run, selection: "Selection", corrected: "Corrected", standing: "Standing | None"
) -> "tuple[Final, OnTest | None]":
    """Train the final networks, export the balance selected, and score the test table once."""
    from sweep.model.delivery import deliver, final_networks, score_test

    with this.timed("final"):
        this.progress.phase("final", 2)
        of_data = (this.spec, this.data.table, this.data.features, this.data.X)
        final = final_networks(*of_data, this.setup, selection, this.workers, corrected=corrected, standing=standing)
        this.progress.step("trained on all rows")
        deliver(this.folder, final, selection.equal, this.data.table.frame)
        this.progress.step("exported and compared")
        test = this.data.test
        return final, None if test is None else score_test(this.folder, test, selection, corrected)


def weigh_evidence(this: Run, selection: "Selection", corrected: "Corrected") -> "Verdict":
    """Answer whether it is futile, from evidence."""
    from sweep.evidence.verdict import gather_evidence, reach_verdict

    data, test = this.data, this.data.test
    origin = origin_of(data.table)
    with this.timed("verdict"):
        evidence = gather_evidence(
            data.X,
            this.setup,
            selection,
            columns=source_columns(data.features, data.X, origin),
            numbering=[entry["name"] for entry in data.table.columns if entry["why"] == NUMBERS_ROWS],
            test=None if test is None else (len(test.y), int(test.y.sum())),
            test_rows=None if test is None else rows_of(test, data.features, origin),
            workers=this.workers,
            budget=this.budget,
            progress=this.progress,
        )
    counts = selection.picks[selection.equal].counts
    return reach_verdict(evidence, corrected, counts, enough=this.spec.verdict.enough)


def rows_of(test: Table, features: Features, origin: dict[str, str]) -> "Rows":
    """Take the rows of a test table as the evidence looks at them."""
    from sweep.evidence.two_sample import Rows

    X = features.transform(test.frame)
    return Rows(X, test.groups, source_columns(features, X, origin))


def report_result(
    this: Run,
    selection: "Selection",
    corrected: "Corrected",
    standing: "Standing | None",
    final: "Final",
    test: "OnTest | None",
    verdict: "Verdict | None",
) -> Result:
    """Put the result together, draw the study's pictures, and write the report."""
    from sweep.report.compose import compose
    from sweep.report.out_of_fold import write_out_of_fold, write_thresholds
    from sweep.report.pictures import draw_all, pictures_of
    from sweep.report.redraw import report_of
    from sweep.report.study_note import note_study

    result = compose(
        this.spec,
        this.data.table,
        selection,
        corrected,
        standing,
        sampled=this.setup.sample is not None,
        probability=final.probability,
        notes=this.data.notes,
        test=test,
        verdict=verdict,
        trials=this.study.totals(),
        seconds=this.study.seconds(),
        workers=this.workers.count,
    )
    this.pictures.draw_left_out()
    kept = this.data.columns.select(this.spec.data.keep)
    write_out_of_fold(this.folder, selection, partial(final.probabilities, selection.equal), kept)
    write_thresholds(this.folder, selection, partial(final.probability, selection.equal))
    draw_all(this.folder, this.study.finished_trials(), selection, result)
    report_of(this.folder, result)
    note_study(this.study, result, pictures_of(this.folder))
    return result
