"""The study: exact totals, no lost and no doubled trials, reproducible proposals, mixed studies refused."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from sweep.errors import RunError, StudyError
from sweep.parallel.workers import Workers
from sweep.progress import Progress
from sweep.search import loop as search_module
from sweep.search.loop import search
from sweep.search.selection import Selection
from sweep.search.setup import TrialSetup
from sweep.stack.recipe import Recipe
from sweep.study import study as study_module
from sweep.study.artifacts import known_files
from sweep.study.outcome import Outcome
from sweep.study.params import Params
from sweep.study.space import Space
from sweep.study.study import FINISHED, PRUNED_AFTER, Study, forget
from sweep.study_folder import StudyFolder

SPACE = Space((0.5, 0.9), (1, 3), (16, 64))
ROWS = 60
X = np.zeros((ROWS, 1))
SETUP = TrialSetup(
    y=(np.arange(ROWS) % 4 == 0).astype(int),
    fold_of_row=np.arange(ROWS) % 3,
    groups=np.arange(ROWS),
    repeats=1,
    epochs=4,
    batch_size=8,
    equal="precision",
    seed=0,
)


def made(params: Params, floors: dict[int, float]) -> Outcome:
    """An outcome that depends on the parameters only: the nearer `most` is to .7, the better."""
    rng = np.random.default_rng(int(params.most * 1e6))
    logits = np.where(SETUP.y == 1, 1.0, -1.0) + rng.normal(size=ROWS) * (0.5 + 4 * abs(params.most - 0.7))
    counts, score = SETUP.counts(logits[:, None]), SETUP.score(logits[:, None])
    pruned = score < floors.get(1, -np.inf)
    kept = logits[:, None].astype(np.float32)
    return Outcome(kept, counts, score, None, ((1, score),), 1 if pruned else 4, pruned, 0.0)


def opened(root: Path, *, seed: int = 0, data: str = "d") -> Study:
    record = StudyFolder(root, "n")
    record.folder.mkdir(parents=True, exist_ok=True)
    return Study.open(record, None, space=SPACE, seed=seed, identity={"data": data}, note=print)


def go_on(study: Study, trials: int, monkeypatch: pytest.MonkeyPatch, fail: Callable[[Params], object] = id) -> None:
    def evaluate(
        X: np.ndarray, setup: TrialSetup, params: Params, floors: dict[int, float], left: float | None
    ) -> Outcome:
        fail(params)
        return made(params, floors)

    monkeypatch.setattr(search_module, "evaluate", evaluate)
    quiet: dict[str, Any] = {"workers": Workers(), "progress": Progress(), "on_told": lambda *_: None}
    search(study, X, SETUP, trials=trials, timeout=None, **quiet)


def params(study: Study) -> list[dict[str, Any]]:
    return [t.params for t in study.trials(*FINISHED)]


def test_trials_are_as_many_as_asked_and_a_resumed_study_proposes_what_an_uninterrupted_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study would have more or fewer trials than asked, or depend on when it was stopped."""
    study = opened(tmp_path / "a")
    go_on(study, 16, monkeypatch)
    for trials in (3, 11, 16):
        again = opened(tmp_path / "b")
        go_on(again, trials, monkeypatch)
        assert len(again.trials(*FINISHED)) == trials
    assert params(again) == params(study)
    assert study.totals() == again.totals()
    assert len({t["most"] for t in params(study)}) > 10


def test_a_trial_found_running_is_tried_again_once_with_the_same_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After kill -9 a trial would be lost, or tried twice."""
    study = opened(tmp_path)
    go_on(study, 2, monkeypatch)
    _, tried = study.ask()
    opened(tmp_path)  # found once, interrupted at once
    again = opened(tmp_path)
    go_on(again, 4, monkeypatch)
    assert again.totals() == {"complete": 4, "pruned": 0, "failed": 0, "stopped": 1}
    assert [Params(**p) for p in params(again) if p["most"] == tried.most] == [tried]


def test_failed_trials_are_tried_again_and_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that ran out of memory once would cost a trial of the total."""
    failures: list[Params] = []

    def fail(params: Params) -> None:
        if len(failures) < 2:
            failures.append(params)
            raise MemoryError("for once")

    study = opened(tmp_path)
    go_on(study, 5, monkeypatch, fail)
    assert study.totals() == {"complete": 5, "pruned": 0, "failed": 2, "stopped": 0}
    assert failures[0] in [Params(**p) for p in params(study)]


def test_a_trial_that_always_fails_ends_the_run_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run would go on for ever, or lose what is finished."""
    study = opened(tmp_path)
    go_on(study, 2, monkeypatch)

    def fail(params: Params) -> None:
        raise ValueError("always")

    with pytest.raises(RunError, match=r"always.*\. What is finished is kept"):
        go_on(study, 4, monkeypatch, fail)
    assert opened(tmp_path).totals()["complete"] == 2


def test_floors_begin_after_the_warm_up_and_prune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials that cannot win would be trained to the end, or the first ones pruned blindly."""
    study = opened(tmp_path)
    go_on(study, PRUNED_AFTER - 1, monkeypatch)
    assert study.floors() == {}
    go_on(study, 30, monkeypatch)
    assert study.totals()["pruned"] > 0
    scores = [t.intermediate_values[1] for t in study.trials(*FINISHED)]
    assert study.floors() == {1: pytest.approx(np.median(scores))}


def test_other_data_under_the_same_name_is_refused(tmp_path: Path) -> None:
    """Trials of two tables would be mixed in one study."""
    opened(tmp_path)
    with pytest.raises(StudyError, match=r"changed: the rows or columns of the table\. Choose"):
        opened(tmp_path, data="e")


def test_changed_settings_are_named_and_so_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a user would be shown two hashes, or be left to guess why an old study is refused."""
    record = StudyFolder(tmp_path, "n")
    record.folder.mkdir(parents=True)

    def start(**identity: object) -> None:
        Study.open(record, None, space=SPACE, seed=0, identity=identity, note=print)

    start(epochs=20, recipe={"warm_up": 0.1, "gain": 6})
    with pytest.raises(StudyError, match=r"began with; changed: epochs \(was 20, now 5\)\. Choose"):
        start(epochs=5, recipe={"warm_up": 0.1, "gain": 6})
    monkeypatch.setattr(study_module, "__version__", "9.9")
    with pytest.raises(StudyError, match=r"this is 9\.9\); changed: recipe\.gain \(was 6, now not known\)"):
        start(epochs=20, recipe={"warm_up": 0.1})


def test_a_folder_that_was_renamed_or_copied_goes_on_under_its_new_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, the study would start at 0 under the new name and delete the files of its trials."""
    study = opened(tmp_path)
    go_on(study, 3, monkeypatch)
    before = params(study)
    study.set_system_attr(f"dashboard:{study.trial_id(1)}:note_str:0", "noted")
    (tmp_path / "studies" / "n").rename(tmp_path / "studies" / "new")
    shutil.copytree(tmp_path / "studies" / "new", tmp_path / "studies" / "copy")
    for name in ("new", "copy"):
        record = StudyFolder(tmp_path, name)
        assert params(Study.reopen(record)) == before, "it can be read before it is resumed"
        files = sorted(p.name for p in record.artifacts.iterdir())
        again = Study.open(record, None, space=SPACE, seed=0, identity={"data": "d"}, note=print)
        assert optuna.get_all_study_names(f"sqlite:///{record.database}") == [name]
        assert params(again) == before
        assert sorted(p.name for p in record.artifacts.iterdir()) == files
        assert again.system_attrs()[f"dashboard:{again.trial_id(1)}:note_str:0"] == "noted"
        go_on(again, 4, monkeypatch)
        assert again.totals()["complete"] == 4


def test_a_study_that_its_database_lacks_is_no_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a study deleted or doubled from a dashboard would start over and delete all files of its trials."""
    study = opened(tmp_path)
    go_on(study, 2, monkeypatch)
    record = StudyFolder(tmp_path, "n")
    files = sorted(p.name for p in record.artifacts.iterdir())
    for name in ("a", "b"):
        optuna.copy_study(from_study_name="n", from_storage=study.storage, to_storage=study.storage, to_study_name=name)
    assert opened(tmp_path).totals()["complete"] == 2, "the one of its name is taken, and the others leave it alone"
    optuna.delete_study(study_name="n", storage=study.storage)
    for there in ("'a', 'b'", "'b'", "none"):
        if there != "'b'":
            with pytest.raises(StudyError, match=f"it holds {there}"):
                opened(tmp_path)
        if there != "none":
            optuna.delete_study(study_name=there[1], storage=study.storage)
    assert sorted(p.name for p in record.artifacts.iterdir()) == files


def test_a_study_is_forgotten_by_its_database(tmp_path: Path) -> None:
    """The same name could never be used again on a team's database, for its artifacts are gone."""
    record, url = StudyFolder(tmp_path, "n"), f"sqlite:///{tmp_path / 'team.db'}"
    record.folder.mkdir(parents=True)
    study = Study.open(record, url, space=SPACE, seed=0, identity={}, note=print)
    with pytest.raises(RunError, match="once at a time"):
        forget(url, "n")
    study.close()
    with pytest.raises(StudyError, match="must hold the study 'm'; it does not"):
        forget(url, "m")
    forget(url, "n")
    assert optuna.get_all_study_names(url) == []
    with pytest.raises(StudyError):
        forget(f"sqlite:///{tmp_path / 'mistyped.db'}", "n")
    assert not (tmp_path / "mistyped.db").exists()


def test_what_must_be_done_first_is_done_before_a_folder_goes(tmp_path: Path) -> None:
    """A study would be gone here and stay in a database that did not answer, or be deleted under a run."""
    record = StudyFolder(tmp_path, "n")
    record.folder.mkdir(parents=True)
    record.plots.mkdir(parents=True)
    record.study.touch()

    def fails() -> None:
        raise RunError("the database does not answer")

    with pytest.raises(RunError, match="does not answer"):
        record.remove(first=fails)
    assert record.study.exists()
    record.remove()
    assert not record.folder.exists()


def test_logits_of_every_trial_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The corrected score and the pictures could not be had again."""
    study = opened(tmp_path)
    go_on(study, 3, monkeypatch)
    for trial in study.trials(*FINISHED):
        assert (study.logits(trial) == made(Params(**trial.params), {}).logits).all()


def test_an_attribute_that_cannot_be_read_keeps_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a study could not be resumed for one damaged line of its database, or would lose a trial's file."""
    study = opened(tmp_path)
    go_on(study, 1, monkeypatch)
    (trial,) = study.trials(*FINISHED)
    for attribute in ("[1]", "{", '"text"', "{}"):
        assert known_files({"artifacts:one": attribute, "other": attribute}) == {"one"}
    (file,) = known_files(trial.system_attrs)
    assert (StudyFolder(tmp_path, "n").artifacts / file).is_file()


def test_logits_of_a_large_table_are_kept_in_half_the_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, fifty trials of ten million rows would fill the disk, or a row be decided otherwise when read."""
    monkeypatch.setattr("sweep.study.artifacts.HALF", 0)
    study = opened(tmp_path)
    go_on(study, 1, monkeypatch)
    (trial,) = study.trials(*FINISHED)
    read, told = study.logits(trial), made(Params(**trial.params), {}).logits
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, told, rtol=1e-3)
    np.testing.assert_array_equal(read > 0, told > 0)


def test_widths_are_doublings_up_to_the_high_end() -> None:
    """A range would leave its own end out."""
    assert Space((0.5, 1), (1, 1), (16, 256)).widths == [16, 32, 64, 128, 256]
    assert Space((0.5, 1), (1, 1), (20, 50)).widths == [20, 40, 50]
    assert Space((0.5, 1), (1, 1), (8, 8)).widths == [8]


def test_networks_are_proposed_by_how_they_rank_and_not_by_the_score_at_one_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search would spend itself on wide networks that score well at a high `most`, and rank worse."""

    plain = made

    def ranked(params: Params, floors: dict[int, float]) -> Outcome:
        wide = params.width == 64
        return replace(plain(params, {}), score=0.9 if wide else 0.1, average_precision=0.2 if wide else 0.6)

    study = opened(tmp_path)
    go_on(study, 10, monkeypatch)
    monkeypatch.setattr(f"{__name__}.made", ranked)
    go_on(study, 40, monkeypatch)
    widths = [trial.params["width"] for trial in study.trials(*FINISHED)]
    assert widths[20:].count(64) < 5, widths


def test_further_settings_are_searched_where_asked_and_make_a_network_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study that asks for dropout would get the recipe's, or the curve be measured without what the trial had."""
    record = StudyFolder(tmp_path, "n")
    record.folder.mkdir(parents=True)
    space = Space((0.5, 0.9), (1, 1), (16, 16), {"dropout": (0.0, 0.5), "learning_rate": (1e-4, 1e-1)})
    study = Study.open(record, None, space=space, seed=0, identity={}, note=print)
    go_on(study, 6, monkeypatch)
    assert {*params(study)[0]} == {"most", "depth", "width", "dropout", "learning_rate"}
    networks = [Params(**p) for p in params(study)[:3]]
    assert len({p.dropout for p in networks}) == len({p.learning_rate for p in networks}) == 3
    recipe = SETUP.recipe_of(networks[0])
    assert (recipe.dropout_rate, recipe.learning_rate) == (networks[0].dropout, networks[0].learning_rate)
    assert (recipe.decay, recipe.epochs) == (Recipe(width=16).decay, SETUP.epochs)


def test_a_selection_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """`sweep plot` would end in a traceback on a damaged study, or on one that another version ran."""
    path = tmp_path / "selection.npz"
    earlier: dict[str, Any] = {
        "confirmed_params": [[0.7, 2.0, 64.0]],
        "confirmed_logits": [[0.0]],
        "confirmed_score": [0.5],
    }
    np.savez(path, y=[0, 1], units=[0, 1], asked="ratio", seed=0, confirmed_trial=[0], **earlier)
    with pytest.raises(StudyError, match="run the study again"):
        Selection.load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(StudyError, match="run the study again"):
        Selection.load(path)
