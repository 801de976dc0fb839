"""Damaged, tampered and foreign files of a study: one message in every command, and nothing that steers a terminal."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sweep.cli import cli
from sweep.errors import SweepError
from sweep.study_folder import StudyFolder

COMMANDS = {
    "show": ["show", "made"],
    "show --full": ["show", "made", "--full"],
    "show --json": ["show", "made", "--json"],
    "list": ["list"],
    "trials": ["trials", "made"],
    "rows": ["rows", "made"],
    "compare": ["compare", "made", "made"],
}


def edited(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def result(*keys: str, value: Any) -> Callable[[StudyFolder], None]:
    """Set a key of result.json."""

    def change(content: Any) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return lambda study: edited(study.result, change)


def database(query: str) -> Callable[[StudyFolder], None]:
    def act(study: StudyFolder) -> None:
        with sqlite3.connect(study.database) as connection:
            connection.executescript(query)
        connection.close()

    return act


def cut(name: str) -> Callable[[StudyFolder], None]:
    def act(study: StudyFolder) -> None:
        path = study.folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return act


DAMAGES: dict[str, Callable[[StudyFolder], Any]] = {
    "no JSON": lambda study: study.result.write_bytes(b"\xff\xfe{"),
    "nested without end": lambda study: study.result.write_bytes(b"[" * 100_000),
    "no balances": result("balances", value={}),
    "an unknown balance": result("selected", "equal", value="nonsense"),
    "an infinite number": lambda study: study.result.write_text(
        study.result.read_text().replace('"average_precision": 0.', '"average_precision": 1e999, "x": 0.', 1)
    ),
    "counts of text": result("selected", "counts", value={"tp": "x"}),
    "a verdict of another kind": result("verdict", value=5),
    "a model of another run": lambda study: edited(
        study.best / "card.json", lambda card: card.update(fingerprint="other")
    ),
    "a card that is a list": lambda study: (study.best / "card.json").write_text("[]"),
    "a database cut short": cut("study.db"),
    "a trial's parameter that is text": database("update trial_params set param_value = 'x'"),
    "a trial's counts that are a number": database("update trial_user_attributes set value_json = '5'"),
    "a trial's notes that are no JSON": database("update trial_user_attributes set value_json = '{'"),
    "out-of-fold rows cut short": cut("out-of-fold.parquet"),
    "a study file that is none": lambda study: study.study.write_bytes(b"\xff["),
}


@pytest.fixture
def study(finished: StudyFolder, tmp_path: Path) -> StudyFolder:
    shutil.copytree(finished.folder, tmp_path / "studies" / "made", ignore=shutil.ignore_patterns("*.keras"))
    return StudyFolder(tmp_path, "made")


def invoke(study: StudyFolder, command: str) -> Result:
    return CliRunner().invoke(cli, [*COMMANDS[command], "--root", str(study.root)])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_message_in_every_command(study: StudyFolder, command: str, damage: str) -> None:
    """If it failed, a damaged or tampered study would end a command in a traceback."""
    DAMAGES[damage](study)
    done = invoke(study, command)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert isinstance(done.exception, SweepError), done.exception
        assert len(str(done.exception).splitlines()) == 1


@pytest.mark.parametrize("command", ["show", "rows"])
def test_a_whole_study_is_shown(study: StudyFolder, command: str) -> None:
    """If it failed, the test above would hold for want of anything to show."""
    assert invoke(study, command).exit_code == 0


def test_a_result_and_a_model_of_two_runs_are_told_apart(study: StudyFolder) -> None:
    """If it failed, `show` would give the old answer beside the new model."""
    DAMAGES["a model of another run"](study)
    for command in ("show", "show --json"):
        assert "must be of one run; they differ" in str(invoke(study, command).exception)
    assert "not finished" in invoke(study, "list").output


@pytest.mark.parametrize("command", ["show", "show --full", "show --json", "list"])
def test_labels_do_not_steer_the_terminal(study: StudyFolder, command: str) -> None:
    """If it failed, a label in a study from elsewhere could clear the screen, or write what was never said."""
    evil = "\x1b]0;owned\x07\x9b2J\u202e"
    for keys in (("data", "positive"), ("data", "target"), ("name",)):
        result(*keys, value=evil)(study)
    done = invoke(study, command)
    assert done.exit_code == 0
    assert not {*done.output} & {*evil} - {*"]0;owned2J"}
