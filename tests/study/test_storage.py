"""The storage: whatever Optuna asks of it waits for a server that is away, and what a name or a file holds is found."""

import inspect
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import BaseStorage
from sqlalchemy.exc import OperationalError

from sweep.errors import RunError
from sweep.study import storage
from sweep.study.storage import WAITS, Storage, check_file, reason, shown, sqlite_url


class Time:
    """A clock that only `sleep` moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def opened(tmp_path: Path, time: Time, said: list[str]) -> Storage:
    storage = Storage(sqlite_url(tmp_path / "a.db", create=True), note=said.append, clock=time.clock, sleep=time.sleep)
    storage.waits = WAITS  # as for a server
    return storage


def away(times: int) -> Callable[..., Any]:
    """Make a call that fails so many times before it answers."""
    left = [times]

    def call(*_: Any, **__: Any) -> str:
        if left[0]:
            left[0] -= 1
            raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))
        return "answer"

    return call


def test_every_call_that_optuna_may_make_waits(tmp_path: Path) -> None:
    """If it failed, a method that a new Optuna asks with would end the run where the server is away for a moment."""
    derived = {"get_trial_number_from_id", "get_trial_param", "get_n_trials", "check_trial_is_updatable"}
    derived |= {"get_trial_params", "get_trial_user_attrs", "get_trial_system_attrs", "remove_session"}
    public = {name for name, _ in inspect.getmembers(BaseStorage, inspect.isfunction) if not name.startswith("_")}
    time, said = Time(), list[str]()
    storage = opened(tmp_path, time, said)
    for name in sorted(public - derived):
        setattr(storage.cached, name, away(2))
        assert getattr(storage, name)() == "answer", name
    assert said == ["the storage does not answer; waiting for it", "the storage answers again"] * len(public - derived)


def test_a_server_that_stays_away_ends_the_run_in_one_line(tmp_path: Path) -> None:
    """If it failed, a run would wait for ever, or end in a traceback."""
    time, said = Time(), list[str]()
    storage = opened(tmp_path, time, said)
    with pytest.raises(RunError, match="must take what it is told") as caught:
        storage.wait_for(away(10_000))
    assert time.now == WAITS
    assert len(str(caught.value).splitlines()) == 1


def test_what_was_told_before_the_server_went_away_is_told_once(tmp_path: Path) -> None:
    """If it failed, the second telling of a trial would end the run: it is finished already."""
    time, said = Time(), list[str]()
    storage = opened(tmp_path, time, said)
    study = optuna.create_study(storage=storage)
    trial = study.ask()
    tell = storage.cached.set_trial_state_values
    calls: list[int] = []

    def arrives_but_says_nothing(*args: Any, **kwargs: Any) -> bool:
        calls.append(1)
        answer = tell(*args, **kwargs)
        if len(calls) == 1:
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))
        return answer

    storage.cached.set_trial_state_values = arrives_but_says_nothing  # type: ignore[method-assign]
    study.tell(trial, 0.5)
    assert (len(calls), study.trials[0].value) == (2, 0.5)


def test_a_study_deleted_or_told_from_elsewhere_ends_the_run_in_one_line(tmp_path: Path) -> None:
    """If it failed, what a visitor of the dashboard deletes would end the run in a traceback."""
    storage = opened(tmp_path, Time(), [])
    study = optuna.create_study(study_name="n", storage=storage)
    told, deleted = study.ask(), study.ask()
    other = optuna.load_study(study_name="n", storage=sqlite_url(tmp_path / "a.db", create=False))
    other.tell(told.number, 0.5)
    with pytest.raises(RunError, match="must stay as it is while it runs"):
        told.set_user_attr("P1", 0.7)
    optuna.delete_study(study_name="n", storage=sqlite_url(tmp_path / "a.db", create=False))
    with pytest.raises(RunError, match="must stay as it is while it runs") as caught:
        study.tell(deleted, 0.7)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_another_process_holds_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, a backup or a dashboard that writes would have a user remove a study that is whole."""
    Storage(sqlite_url(tmp_path / "a.db", create=True))
    assert storage.FILE_LOCKED_FOR == 60
    monkeypatch.setattr(storage, "FILE_LOCKED_FOR", 0.01)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RunError, match="another process has held it"):
            check_file(tmp_path / "a.db")
    check_file(tmp_path / "a.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://u:s3cret@h/d", "password s3cret is wrong"),
        ("postgresql+psycopg://u:s3%20cr%2Fet@h/d", "password 's3 cr/et' is wrong, or 's3%20cr%2Fet'"),
        ("postgresql+psycopg://h/d?user=u&password=s3cret", "connection to password=s3cret failed"),
        ("postgresql+psycopg://h/d?user=u&password=s3+cr%25et", "connection to 's3 cr%et' failed"),
        ("postgresql+psycopg://u@h/d?sslpassword=s3cret&sslmode=require", "the key s3cret does not fit"),
        ("postgresql+psycopg://u:s3/cr?et@h/d", 'could not translate host name "s3" or "cr?et"'),
    ],
)
def test_no_word_of_a_driver_shows_a_password(url: str, said: str) -> None:
    """If it failed, a log, or whoever looks over a shoulder, would have the password of the team's database."""
    found = reason(RuntimeError(said), url)
    assert "***" in found
    for secret in ("s3cret", "s3 cr", "s3%20cr", "cr/et", "cr%et", "cr?et", '"s3"'):
        assert secret not in found
    assert "s3" not in shown(url)
