"""Where a study lives: SQLite in its folder, or a team's database, which is waited for while it is away."""

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from sweep.errors import RunError, StudyError

WAITS = 600.0  # seconds for a database that went away
CONNECTS_IN = 10  # seconds
FILE_LOCKED_FOR = 60  # seconds that another process may hold an SQLite file
AWAY = (OperationalError, InterfaceError, optuna.exceptions.StorageInternalError)


def _forwarded(name: str) -> Any:
    """Make a method that asks the database, and waits for it."""

    def method(self: "Storage", *args: Any, **kwargs: Any) -> Any:
        try:
            return self.wait_for(lambda: getattr(self.cached, name)(*args, **kwargs))
        except KeyError as error:
            if name == "get_study_id_from_name":
                raise  # there is no such study: for the caller to say
            raise self._changed(error) from None
        except (ValueError, TypeError) as error:
            if not name.startswith("get_"):
                raise
            raise StudyError(
                f"The storage {shown(self.url)} must hold what Optuna wrote; it is damaged: {reason(error, self.url)}. "
                "Restore it from a copy, or remove the study and run it again."
            ) from None

    method.__name__ = name
    return method


class Storage(BaseStorage):
    """A database of studies. While a server does not answer, calls wait; what it was told is told once.

    It stands before Optuna's own storage and the cache that Optuna puts before that, so that whatever Optuna asks of a
    storage waits alike.

    Parameters
    ----------
    url : str
    note : callable
        Is told where the database is waited for.
    clock, sleep : callable
        The time in seconds, and waiting for so many.
    options
        Of Optuna's `RDBStorage`.

    Raises
    ------
    StudyError
        If it cannot be opened.
    RunError
        Later, if it does not answer for long, or cannot be written to.
    """

    def __init__(
        self,
        url: str,
        *,
        note: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        **options: Any,
    ) -> None:
        self.url = url
        self.note = note
        self.clock, self.sleep = clock, sleep
        server = not url.startswith("sqlite")
        arguments: dict[str, Any] = {"connect_args": {"timeout": FILE_LOCKED_FOR}}
        if server:
            arguments = {"pool_pre_ping": True, "connect_args": {"connect_timeout": CONNECTS_IN}}
        try:
            self.database = RDBStorage(url, engine_kwargs=arguments, **options)
        except Exception as error:  # whatever the database's driver raises
            raise unusable(url, error) from None
        self.cached = optuna.storages.get_storage(self.database)
        self.waits = WAITS if server else 0.0

    create_new_study = _forwarded("create_new_study")
    delete_study = _forwarded("delete_study")
    set_study_user_attr = _forwarded("set_study_user_attr")
    set_study_system_attr = _forwarded("set_study_system_attr")
    get_study_id_from_name = _forwarded("get_study_id_from_name")
    get_study_name_from_id = _forwarded("get_study_name_from_id")
    get_study_directions = _forwarded("get_study_directions")
    get_study_user_attrs = _forwarded("get_study_user_attrs")
    get_study_system_attrs = _forwarded("get_study_system_attrs")
    get_all_studies = _forwarded("get_all_studies")
    create_new_trial = _forwarded("create_new_trial")
    set_trial_param = _forwarded("set_trial_param")
    get_trial_id_from_study_id_trial_number = _forwarded("get_trial_id_from_study_id_trial_number")
    get_best_trial = _forwarded("get_best_trial")
    set_trial_state_values = _forwarded("set_trial_state_values")
    set_trial_intermediate_value = _forwarded("set_trial_intermediate_value")
    set_trial_user_attr = _forwarded("set_trial_user_attr")
    set_trial_system_attr = _forwarded("set_trial_system_attr")
    get_trial = _forwarded("get_trial")
    get_all_trials = _forwarded("get_all_trials")

    def remove_session(self) -> None:
        """Close this thread's connection."""
        self.database.remove_session()

    def close(self) -> None:
        """Close all connections."""
        self.database.engine.dispose()

    def wait_for(self, call: Callable[[], Any]) -> Any:
        """Call until the database answers."""
        began: float | None = None
        while True:
            try:
                answer = call()
            except AWAY as error:
                if began is None:
                    began = self.clock()
                    if self.waits:
                        self.note("the storage does not answer; waiting for it")
                if self.clock() - began >= self.waits:
                    raise self._gone(error) from None
                self.sleep(1)
            except DBAPIError as error:
                raise self._gone(error) from None
            except optuna.exceptions.UpdateFinishedTrialError as error:
                if began is None:
                    raise self._changed(error) from None
                return True  # the call before the server went away had arrived
            else:
                if began is not None:
                    self.note("the storage answers again")
                return answer

    def _changed(self, error: Exception) -> RunError:
        return RunError(
            f"A study must stay as it is while it runs; on {shown(self.url)} it was deleted, or a trial of it was told "
            f"({reason(error, self.url)}). Leave it to the run, and run the same command to resume what is left."
        )

    def _gone(self, error: Exception) -> RunError:
        return RunError(
            f"The storage {shown(self.url)} must take what it is told; got: {reason(error, self.url)}. Fix this, or "
            "make room: what is finished is kept; run the same command to resume."
        )


def sqlite_url(path: Path, *, create: bool) -> str:
    """Write the URL of an SQLite file, whatever characters are in its path; one that must be there, or may be made."""
    file = "file:" + quote(str(path.resolve()))
    query = {"mode": "rwc" if create else "rw", "uri": "true"}
    return URL.create("sqlite", database=file, query=query).render_as_string()


def check_file(path: Path) -> None:
    """Look whether an SQLite file is whole.

    Raises
    ------
    StudyError
        If it is damaged.
    RunError
        If another process holds it for long.
    """
    at = f"file:{quote(str(path.resolve()))}?mode=rw"
    try:
        with closing(sqlite3.connect(at, uri=True, timeout=FILE_LOCKED_FOR)) as database:
            found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        found = str(error)
        if "locked" in found:
            raise RunError(
                f"{path} must be free now and then; another process has held it for {FILE_LOCKED_FOR} s. End that one, "
                "and run the same command again."
            ) from None
    if not path.stat().st_size:
        found = "empty"
    if found != "ok":
        raise StudyError(
            f"{path} must be the database of a study; it is damaged ({found.splitlines()[0]}). Bring a "
            "copy of it back, or remove the study and run it again."
        )


def server_url(url: str) -> str:
    """Take the URL of a storage that a user gave; a plain `postgresql://` is read by psycopg.

    Raises
    ------
    StudyError
        If it is none, is of a kind that is not known, or its driver is missing. Passwords are not shown.
    """
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    kind = url.split("://")[0]
    try:
        parsed = make_url(url)
    except Exception:
        raise StudyError(
            f"--storage must be a URL such as postgresql+psycopg://user@host/database; got {shown(url)}, which is "
            "none. Write special characters of a password as %XX."
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "sqlite"):
        raise StudyError(
            f"--storage must be a postgresql+psycopg:// URL; got one of {kind}. Without it, the study is an SQLite "
            "file in its folder."
        )
    try:
        parsed.get_dialect().import_dbapi()
    except Exception:
        raise StudyError(
            f"--storage {shown(url)} must have its driver; it is not installed. Run: pip install "
            "'balance-sweep[postgres]'"
        ) from None
    return url


def unusable(url: str, error: Exception) -> StudyError:
    """Say that a storage cannot be used."""
    return StudyError(
        f"The storage {shown(url)} must be a database that can be used; got: {reason(error, url)}. Check it."
    )


def shown(url: str) -> str:
    """Write a URL as it may be shown: no password, not even one that was written in a wrong way."""
    if url.startswith("sqlite"):
        return unquote(make_url(url).database or "").removeprefix("file:")
    kind, mark, rest = url.partition("://")
    if not mark:
        return "a text without ://"
    return f"{kind}://{'***@' if '@' in rest else ''}{rest.rpartition('@')[2]}".split("?")[0]


def reason(error: BaseException, url: str) -> str:
    """Give an error's kind and first line, without what is secret in the URL, however it is written there."""
    error = error.__cause__ or error if isinstance(error, optuna.exceptions.StorageInternalError) else error
    lines = str(error).strip().splitlines()
    said = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    for secret in sorted(_secrets(url), key=len, reverse=True):
        said = said.replace(secret, "***")
    return said[:300]


def _secrets(url: str) -> set[str]:
    """Collect the password of a URL and each piece of one that was written in a wrong way, as it is and with %XX."""
    if url.startswith("sqlite"):
        return set()
    place, _, query = url.partition("://")[2].partition("?")
    login = url.partition("://")[2].rpartition("@")[0]
    pieces = {login.partition(":")[2], *re.split(r"[/@:?#&=]", login.partition(":")[2])}
    pieces |= {place.rpartition("@")[0].partition(":")[2]}
    for entry in re.split(r"[&;]", query):
        name, _, value = entry.partition("=")
        if re.search("pass|pwd|secret|token|key", unquote(name), re.IGNORECASE):
            pieces |= {value, value.replace("+", " ")}
    read = {unquote(piece) for piece in pieces}
    return {written for piece in pieces | read for written in (piece, quote(piece, safe=""))} - {""}
