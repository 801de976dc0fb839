"""The Optuna study: created, resumed, asked and told by one parent. Its only other reader is the dashboard."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial as FrozenTrial
from optuna.trial import Trial, TrialState

from sweep import __version__
from sweep.errors import StudyError, SweepError
from sweep.study.artifacts import Artifacts, known_files
from sweep.study.copying import copy_study
from sweep.study.outcome import Outcome
from sweep.study.ownership import Ownership, me
from sweep.study.params import Params
from sweep.study.space import Space, sampler
from sweep.study.storage import Storage, check_file, server_url, shown, sqlite_url, unusable
from sweep.study_folder import StudyFolder

optuna.logging.set_verbosity(optuna.logging.ERROR)

PRUNED_AFTER = 8  # finished trials
PHASES = ("search", "curve", "final", "verdict")
COMPLETE, PRUNED = FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
STOPPED = "stopped"  # the attribute of a trial that no fault of its own ended
RETRY_OF = "retry_of"  # the attribute of a trial that tries one again: its number


@dataclass
class Study:
    """A study in its storage, and the trials that are running."""

    optuna: optuna.Study
    storage: Storage
    artifacts: Artifacts
    space: Space
    seed: int
    ownership: Ownership | None = None  # of a study in a team's database
    running: dict[int, Trial] = field(default_factory=dict)
    _read: list[FrozenTrial] | None = None  # as the storage has them, until this process writes: no other does

    @classmethod
    def open(
        cls,
        record: StudyFolder,
        storage: str | None,
        *,
        space: Space,
        seed: int,
        identity: Mapping[str, Any],
        note: Callable[[str], None],
    ) -> "Study":
        """Create a study or resume it; trials found running are dead, and will be tried again as they were.

        Parameters
        ----------
        record : StudyFolder
        storage : str or None
            The URL of a database; default: SQLite in the study's folder.
        space : Space
        seed : int
        identity : mapping
            The data and settings that must be the same to resume.
        note : callable
            Is told where the storage is waited for.

        Raises
        ------
        StudyError
            If the storage cannot be used, or holds this study with other data or settings.
        RunError
            If another run is at it on this storage.
        """
        if storage is None and record.database.exists():
            check_file(record.database)
            _take_name(record)
        url = sqlite_url(record.database, create=True) if storage is None else server_url(storage)
        opened = Storage(url, note=note)
        ownership = None
        try:
            study = optuna.create_study(
                storage=opened, study_name=record.name, direction="maximize", load_if_exists=True
            )
            if storage is not None:
                ownership = Ownership(url, record.name, lambda: study.user_attrs.get("owner"))
                ownership.hold()
            known = study.user_attrs.get("identity")
            trials = study.get_trials(deepcopy=False)
        except SweepError:
            raise
        except Exception as error:  # whatever the database's driver raises
            raise unusable(url, error) from None
        now = json.loads(json.dumps(identity))
        if known is None:
            study.set_user_attr("identity", now)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names([str(now.get("objective", "score"))])
            study.set_user_attr("version", __version__)
        elif known != now:
            instead = f", or `sweep remove {record.name}`" if storage is None else ""
            began = study.user_attrs.get("version")
            by = f" (with sweep {began}; this is {__version__})" if began != __version__ else ""
            raise StudyError(
                f"Study {record.name!r} must be resumed with the data and settings that it began with{by}; changed: "
                f"{changed_settings(known, now)}. Choose another --name{instead}."
            )
        record.artifacts.mkdir(parents=True, exist_ok=True)
        self = cls(study, opened, Artifacts(record.artifacts, opened), space, seed, ownership)
        self._check_home(trials)
        study.set_user_attr("owner", f"{me()}, in {record.folder}")
        self.artifacts.delete_unknown(_files_of_all(opened))
        self._fail_and_retry([t for t in trials if t.state == TrialState.RUNNING], stopped=True)
        if not trials:
            study.enqueue_trial(space.start((2, 64)))
        return self

    @classmethod
    def reopen(cls, record: StudyFolder) -> "Study":
        """Open the study of a run's folder to read it.

        Raises
        ------
        StudyError
            If its database is missing or damaged.
        """
        if not record.database.exists():
            raise StudyError(
                f"{record.database} must be the database of a study; there is none (a study in a --storage gets it "
                "at its end). Run the study to its end."
            )
        check_file(record.database)
        url = sqlite_url(record.database, create=False)
        opened = Storage(url, skip_compatibility_check=True, skip_table_creation=True)
        try:
            study = optuna.load_study(storage=opened, study_name=_name_in(opened, record))
        except SweepError:
            raise
        except Exception as error:  # whatever the database's driver raises
            raise unusable(url, error) from None
        return cls(study, opened, Artifacts(record.artifacts, opened), Space((0.5, 1), (1, 1), (1, 1)), 0)

    def close(self) -> None:
        """Let another run have it."""
        if self.ownership is not None:
            self.ownership.release()

    @property
    def study_id(self) -> int:
        """The study's id in its storage."""
        return int(self.storage.get_study_id_from_name(self.optuna.study_name))

    def trial_id(self, number: int) -> int:
        """Look up a trial's id in the storage."""
        return int(self.storage.get_trial_id_from_study_id_trial_number(self.study_id, number))

    def system_attrs(self) -> dict[str, Any]:
        """Read what tools such as the dashboard keep with the study."""
        return dict(self.storage.get_study_system_attrs(self.study_id))

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep something with the study for such a tool."""
        self.storage.set_study_system_attr(self.study_id, key, value)

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """List the trials in some states, by number."""
        if self._read is None:
            self._read = self.optuna.get_trials(deepcopy=False)
        return [trial for trial in self._read if trial.state in states]

    def finished_trials(self) -> list[FrozenTrial]:
        """List the complete and the pruned trials, by number."""
        return self.trials(*FINISHED)

    def totals(self) -> dict[str, int]:
        """Count the trials complete, pruned, failed, and stopped: by a kill, a signal or the end of the time."""
        trials = self.optuna.get_trials(deepcopy=False)
        states = [t.state for t in trials]
        stopped = sum(t.state == TrialState.FAIL and STOPPED in t.user_attrs for t in trials)
        return {
            "complete": states.count(TrialState.COMPLETE),
            "pruned": states.count(TrialState.PRUNED),
            "failed": states.count(TrialState.FAIL) - stopped,
            "stopped": stopped,
        }

    @property
    def finished(self) -> int:
        """The number of complete or pruned trials."""
        return len(self.trials(*FINISHED))

    def ask(self) -> tuple[int, Params]:
        """Take the next trial's parameters: they depend on the seed and on what came back, on no interruption."""
        if self.ownership is not None:
            self.storage.wait_for(self.ownership.hold)
        self.optuna.sampler = sampler(self.seed, self.space, self.trials(*FINISHED, TrialState.RUNNING))
        trial = self.optuna.ask()
        self.running[trial.number] = trial
        suggested = self.space.suggest(trial)
        self._read = None
        return trial.number, suggested

    def floors(self) -> dict[int, float]:
        """Give what a trial ends below: at each epoch reported, the median of the finished ones' average precision."""
        reached: dict[int, list[float]] = {}
        finished = self.trials(*FINISHED)
        if len(finished) < PRUNED_AFTER:
            return {}
        for trial in finished:
            for epoch, value in trial.intermediate_values.items():
                reached.setdefault(epoch, []).append(value)
        return {epoch: float(np.median(values)) for epoch, values in reached.items()}

    def tell(self, number: int, outcome: Outcome) -> None:
        """Keep what a trial came to: attributes and logits first, its state last."""
        trial = self.running.pop(number)
        for key, value in outcome.attributes().items():
            trial.set_user_attr(key, value)
        self.artifacts.attach_logits(trial, outcome.logits)
        for epoch, value in outcome.reports:
            trial.report(value, epoch)
        if outcome.pruned:
            self.optuna.tell(trial, state=TrialState.PRUNED)
        else:
            self.optuna.tell(trial, outcome.score)
        self._read = None

    def fail(self, number: int) -> None:
        """Count a running trial as failed; it will be tried again as it was."""
        self._give_up({self.running.pop(number).number}, stopped=False)

    def stop_running(self) -> None:
        """Count all running trials as stopped; they will be tried again as they were."""
        self._give_up(set(self.running), stopped=True)
        self.running.clear()

    def _give_up(self, numbers: set[int], *, stopped: bool) -> None:
        self._fail_and_retry([t for t in self.trials(TrialState.RUNNING) if t.number in numbers], stopped=stopped)

    def logits(self, trial: FrozenTrial) -> np.ndarray:
        """Read the out-of-fold logits that a trial left: array of float32, shape (rows, repeats)."""
        return self.artifacts.logits(trial)

    def seconds(self) -> dict[str, float]:
        """Give the wall clock of each phase, summed over all runs."""
        return {k: float(self.optuna.user_attrs.get(f"seconds_{k}", 0.0)) for k in PHASES}

    def add_seconds(self, phase: str, seconds: float) -> None:
        """Add to a phase's wall clock."""
        self.optuna.set_user_attr(f"seconds_{phase}", self.seconds()[phase] + seconds)

    @property
    def metric(self) -> str:
        """The name of what the search makes as high as it can."""
        names: list[str] = self.optuna.metric_names or ["score"]
        return names[0]

    def describe(self, attributes: Mapping[str, str]) -> None:
        """Keep what the study's page tells first, by name."""
        for key, value in attributes.items():
            self.optuna.set_user_attr(key, value)

    @property
    def done(self) -> dict[str, Any] | None:
        """The settings that the result in the folder belongs to."""
        return self.optuna.user_attrs.get("done")

    @done.setter
    def done(self, settings: dict[str, Any]) -> None:
        self.optuna.set_user_attr("done", settings)

    def _fail_and_retry(self, trials: Sequence[FrozenTrial], *, stopped: bool) -> None:
        """Count trials as failed, or as stopped, and try each again; an interruption neither loses nor doubles one."""
        retried = {t.user_attrs.get(RETRY_OF) for t in self.optuna.get_trials(deepcopy=False)}
        for trial in trials:
            params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
            if stopped:
                self.storage.set_trial_user_attr(self.trial_id(trial.number), STOPPED, True)
            if params and trial.number not in retried:
                self.optuna.enqueue_trial(params, user_attrs={RETRY_OF: trial.number})
            self.optuna.tell(trial.number, state=TrialState.FAIL)
        self._read = None

    def _check_home(self, trials: Sequence[FrozenTrial]) -> None:
        finished = [t for t in trials if t.state in FINISHED]
        if finished and not any(self.artifacts.has_logits(t) for t in finished):
            raise StudyError(
                f"Study {self.optuna.study_name!r} must go on where its artifacts lie, with "
                f"{self.optuna.user_attrs.get('owner', 'its first run')}; {self.artifacts.folder} holds none of "
                "them. Run it there, or choose another --name."
            )


def _name_in(storage: Storage, record: StudyFolder) -> str:
    """Find the study of a folder in its database: the one of its name, or the only one, whose folder was renamed.

    Raises
    ------
    StudyError
        If there are several, none of them of this name; or none.
    """
    there = [study.study_name for study in storage.get_all_studies()]
    if record.name in there or len(there) == 1:
        return record.name if record.name in there else there[0]
    raise StudyError(
        f"{record.database} must hold the study {record.name!r}, or one study of another name; it holds "
        f"{', '.join(map(repr, there[:5])) or 'none'}. Name the folder as the study is named, bring a copy of it back, "
        f"or `sweep remove {record.name}`."
    )


def _take_name(record: StudyFolder) -> None:
    """Resume the study of a folder that was renamed, moved or copied, under the folder's name."""
    with closing(Storage(sqlite_url(record.database, create=False))) as storage:
        begun = storage.get_all_studies() or Artifacts(record.artifacts, storage).exist
        name = _name_in(storage, record) if begun else None  # nothing: a run was killed as it began
        if name is not None and name != record.name:
            copy_study(storage, name, record.database, as_name=record.name)


def changed_settings(known: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> str:
    """Name the settings that differ, as they were and as they are.

    Examples
    --------
    >>> changed_settings({"data": "a1", "epochs": 20, "recipe": {"beta": 1}}, {"data": "b2", "epochs": 5, "recipe": {}})
    'the rows or columns of the table, epochs (was 20, now 5), recipe.beta (was 1, now not known)'
    """
    found = []
    for key in {**known, **now}:
        was, got = known.get(key, "not known"), now.get(key, "not known")
        if was == got:
            continue
        if key == "data":
            found.append("the rows or columns of the table")
        elif isinstance(was, dict) and isinstance(got, dict):
            found.append(changed_settings(was, got, f"{prefix}{key}."))
        else:
            found.append(f"{prefix}{key} (was {str(was)[:40]}, now {str(got)[:40]})")
    return ", ".join(found)


def _files_of_all(storage: Storage) -> set[str]:
    """Collect the ids of the files that any study of a database knows: none of them is to be deleted."""
    known: set[str] = set()
    for study in storage.get_all_studies():
        study_id = storage.get_study_id_from_name(study.study_name)
        known |= known_files(storage.get_study_system_attrs(study_id))
        for trial in storage.get_all_trials(study_id, deepcopy=False):
            known |= known_files(trial.system_attrs)
    return known


def forget(storage: str, name: str) -> None:
    """Delete a study from a database.

    Raises
    ------
    StudyError
        If the storage cannot be used, or holds no such study.
    RunError
        If the study is being run there.
    """
    url = server_url(storage)
    ownership = Ownership(url, name, lambda: None)
    try:
        ownership.hold()
        opened = Storage(url, skip_table_creation=True)
        optuna.delete_study(study_name=name, storage=opened)
    except KeyError:
        raise StudyError(
            f"--storage {shown(url)} must hold the study {name!r}; it does not. Leave --storage out to remove what is "
            "here, or check the URL."
        ) from None
    except SweepError:
        raise
    except Exception as error:  # whatever the database's driver raises
        raise unusable(url, error) from None
    finally:
        ownership.release()


def best(trials: Sequence[FrozenTrial]) -> FrozenTrial:
    """Take the complete trial with the highest score; of equal ones the first."""
    return max(trials, key=lambda t: (t.value or 0.0, -t.number))
