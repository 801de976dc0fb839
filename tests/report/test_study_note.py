"""What the dashboard says of a finished study: answer, selected trial and why, pictures; the words of users stay."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from optuna_dashboard._note import get_note_from_system_attrs
from optuna_dashboard.artifact._backend import list_study_artifacts

from sweep.dashboard.notes import annotate, read_note, tag_trials, write_note
from sweep.report.result import ConfirmedNetwork
from sweep.report.study_note import END, note_study, tags
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_score import Corrected
from sweep.study.outcome import Outcome
from sweep.study.space import Space
from sweep.study.study import Study
from sweep.study_folder import StudyFolder
from tests.report.test_html import result

Y = np.repeat([0, 1], [30, 10])


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study with four told trials that have notes; the second one scored best."""
    folder = StudyFolder(tmp_path, "made")
    folder.folder.mkdir(parents=True)
    space = Space((0.5, 0.9), (1, 1), (8, 8))
    study = Study.open(folder, None, space=space, seed=0, identity={"objective": "min(P1, R1)"}, note=print)
    for score in (0.5, 0.9, 0.7, 0.6):
        logits = np.where(Y == 1, 1.0, -1.0)[:, None].astype(np.float32)
        number, _ = study.ask()
        study.tell(number, Outcome(logits, Counts.of(Y, logits[:, 0] > 0), score, 1.0, ((1, 0.5),), 3, False, 0.0))
        (tmp_path / "trial.png").write_bytes(b"png")
        annotate(study, number, tmp_path / "trial.png", "finds 9 of 10")
    return study


@pytest.fixture
def found() -> Any:
    """A result, whose selected trial is 3."""
    corrected = Corrected(0.55, 0.45, 0.65, 0.6, (0.97, 0.55), (1900.0, 100.0))
    made: Any = SimpleNamespace(counts=Counts(tp=60, fp=40, fn=40, tn=1860), corrected=corrected)
    again = tuple(ConfirmedNetwork(trial, 0.6, 1, 8, score=score) for trial, score in ((1, 0.71), (3, 0.69)))
    base = result(None, made)
    return replace(base, selected=replace(base.selected, confirmed=again, why=None))


def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in ("delivered", "balance-curve")]
    for path in paths:
        path.write_bytes(path.stem.encode())
    return paths


def test_the_metric_has_the_name_of_what_the_search_maximises(study: Study) -> None:
    """If it failed, the dashboard would call it `score`, or number it."""
    assert study.metric == "min(P1, R1)"


def test_the_study_says_what_was_selected_as_the_dashboard_reads_it(study: Study, found: Any, tmp_path: Path) -> None:
    """If it failed, whoever opens the dashboard would take its Best Trial for what was delivered."""
    note_study(study, found, pictures(tmp_path))
    attributes = study.system_attrs()
    note = get_note_from_system_attrs(attributes, None)["body"]
    assert "**Not asked: the run was a quick one" in note
    assert "Finds 60 of 100 with y = y; 60 of 100 alarms are right." in note
    assert "[The report](/report)" in note
    artifacts = {meta["filename"]: meta["artifact_id"] for meta in list_study_artifacts(attributes)}
    assert set(artifacts) == {"delivered.png", "balance-curve.png"}
    for artifact in artifacts.values():
        assert f"](/artifacts/{study.study_id}/{artifact})" in note
    assert study.optuna.user_attrs["selected trial"] == "3"
    assert study.optuna.user_attrs["min(P1, R1), corrected"] == "0.55 (0.45 to 0.65)"
    body = get_note_from_system_attrs(attributes, study.trial_id(3))["body"]
    assert body.startswith("Trial 3 finds 9 of 10\n\n**Selected.** ")
    assert "Best Trial is trial 1, by min(P1, R1) of one run" in body
    assert "fresh seeds (trial 1 0.710, trial 3 0.690)" in body
    assert "![precision against recall](" in body
    assert "selected is trial 3" in get_note_from_system_attrs(attributes, study.trial_id(1))["body"]


def test_a_second_run_leaves_one_of_each_and_the_users_own_words(study: Study, found: Any, tmp_path: Path) -> None:
    """If it failed, resuming would pile up pictures and tags, or wipe out what a team wrote."""
    write_note(study, "Ask the clinic about TSH.")
    note_study(study, found, pictures(tmp_path))
    write_note(study, read_note(study) + "More of ours.")
    files = sorted(path.name for path in study.artifacts.folder.iterdir())
    note_study(study, found, pictures(tmp_path))
    note = read_note(study)
    assert note.count(END) == 1
    assert note.partition(END)[2].split() == ["Ask", "the", "clinic", "about", "TSH.", "More", "of", "ours."]
    assert len(list_study_artifacts(study.system_attrs())) == 2
    assert len(list(study.artifacts.folder.iterdir())) == len(files)
    tag_trials(study, {2: "**Selected.** It."})
    assert "Selected" not in read_note(study, trial=study.trial_id(3))
    assert read_note(study, trial=study.trial_id(2)).count("**Selected.**") == 1


def test_a_selected_trial_that_is_the_best_one_too_needs_no_reason(found: Any) -> None:
    assert set(tags(found, 3, "min(P1, R1)")) == {3}
    assert "Best Trial" not in tags(found, 3, "min(P1, R1)")[3]


def test_no_line_of_a_note_is_broken_between_two_keys(study: Study) -> None:
    """If it failed, the address of a picture would not be found when the study is copied."""
    text = "\n".join(f"![x](/artifacts/1/{k:036d})" for k in range(90)) + "\n"
    write_note(study, text)
    parts = [value for key, value in study.system_attrs().items() if key.startswith("dashboard:note_str:")]
    assert len(parts) > 1
    assert all(part.endswith("\n") for part in parts)
    assert get_note_from_system_attrs(study.system_attrs(), None)["body"] == text
    write_note(study, "short")
    assert get_note_from_system_attrs(study.system_attrs(), None)["body"] == "short"
