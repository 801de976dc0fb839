"""Real servers for the tests marked `server`, started on loopback and stopped by who started them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PASSWORD = "s3cr3t-word"
HERE = "127.0.0.1"
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": ""}  # a run that is killed or has no room cannot write its coverage either


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait, or fail."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.1)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with suppress(OSError), socket.create_connection((HERE, port), timeout=1):
        return True
    return False


class Postgres:
    """A PostgreSQL server of its own, as an unprivileged user; it may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("initdb") or max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
        assert found, "PostgreSQL must be installed for tests marked server"
        self.bin, self.port, self.data = Path(found).parent, free_port(), folder / "pg"
        self.process: subprocess.Popen[bytes] | None = None
        folder.chmod(0o755)
        self.data.mkdir()
        word = folder / "word"
        word.write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(self.data, "postgres")
        options = [f"--pwfile={word}", "--username=sweep", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", "-D", self.data, *options).wait(120)
        self.start()

    @property
    def url(self) -> str:
        """Where it is, for `--storage`."""
        return f"postgresql+psycopg://sweep:{PASSWORD}@{HERE}:{self.port}/postgres"

    def start(self) -> None:
        """Begin to answer."""
        options = ["-p", self.port, "-h", HERE, "-c", "unix_socket_directories=", "-c", "fsync=off"]
        self.process = self._run("postgres", "-D", self.data, *options)
        wait_until(lambda: answers(self.port))

    def stop(self) -> None:
        """Go away, and close all connections."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
            self.process = None

    def _run(self, program: str, *arguments: object) -> "subprocess.Popen[bytes]":
        as_user: dict[str, Any] = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        )
        command = [str(a) for a in (self.bin / program, *arguments)]
        return subprocess.Popen(
            command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"LC_ALL": "C.UTF-8"}, **as_user
        )


class DaskCluster:
    """A Dask scheduler and workers, a process each, that may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        """Where its scheduler is."""
        return f"tcp://{HERE}:{self.port}"

    def start_scheduler(self) -> "subprocess.Popen[bytes]":
        """Start the scheduler."""
        options = ["--host", HERE, "--port", self.port, "--no-dashboard", "--no-show"]
        started = self._run("scheduler", *options)
        wait_until(lambda: answers(self.port))
        return started

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a worker of one process and one thread."""
        return self._run("worker", self.address, "--no-nanny", "--nthreads", 1, "--no-dashboard", "--host", HERE)

    def stop(self) -> None:
        """Kill all."""
        for process in self.processes:
            process.kill()
            process.wait(60)

    def _run(self, *arguments: object) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "dask", *map(str, arguments)]
        quiet = subprocess.DEVNULL
        self.processes.append(subprocess.Popen(command, cwd=self.folder, stdout=quiet, stderr=quiet))
        return self.processes[-1]


class Run:
    """A `sweep run` in a process of its own, followed by what it says."""

    def __init__(self, table: Path, root: Path, *options: object, **environment: str) -> None:
        self.root, self.said = root, list[str]()
        command = [sys.executable, "-m", "sweep", "run", table, "--target", "label", "--root", root, *TINY, *options]
        self.process = subprocess.Popen(
            [str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **UNMEASURED, **environment}, start_new_session=True,
        )  # fmt: skip

    def until(self, text: str) -> None:
        """Wait for it to say something."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            if text in line:
                return
        raise AssertionError(f"it ended without saying {text!r}: {self.said[-6:]}")

    def end(self) -> int:
        """Wait for its end; its exit code."""
        _, rest = self.process.communicate(timeout=300)
        self.said += rest.splitlines()
        return self.process.returncode

    def workers(self) -> list[int]:
        """The processes of its workers."""
        listed = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in listed.stdout.split()}
        return [pid for pid, command in commands.items() if b"popen_loky" in command]


TINY = (
    "--epochs", "10", "--depth", "1", "1", "--width", "8", "8", "--folds", "3", "--repeats", "1", "--quick",
)  # fmt: skip


@contextmanager
def running(table: Path, root: Path, *options: object, **environment: str) -> Iterator[Run]:
    """A run that is killed at the end if it still goes on."""
    run = Run(table, root, *options, **environment)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.communicate()
