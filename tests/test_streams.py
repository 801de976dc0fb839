"""Standard output and error: any text, and whatever becomes of standard error, a command goes on."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.progress import Logged, Progress
from sweep.streams import take_any_text
from tests.servers import TINY


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_stream_of_another_encoding_takes_any_text(encoding: str) -> None:
    """If it failed, a dash in a sentence, or a label, would end a finished run in a traceback."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    take_any_text(stream)
    stream.write("0.9\u20131.0 \udcff")
    stream.flush()
    assert written.getvalue() == b"0.9\xe2\x80\x931.0 \\udcff"
    terminal = Terminal(written, encoding=encoding)
    take_any_text(terminal)
    assert terminal.encoding == encoding
    terminal.write("\u2603")


class Terminal(io.TextIOWrapper):
    """A terminal that cannot show all characters."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text("x,label\n" + "".join(f"{i * i % 17},{i % 3 // 2}\n" for i in range(60)))
    return tmp_path / "t.csv"


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "2>&- >&- <&-", "2>&1 >/dev/null | true"])
def test_standard_error_that_takes_nothing_ends_no_command(redirection: str, table: Path) -> None:
    """If it failed, `sweep ... 2>&1 | head` would end the command, or its messages land in the next file opened."""
    command = f"{sys.executable} -m sweep weights {table} --target label --json {redirection}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if ">&- " not in redirection and "|" not in redirection:
        assert done.stdout.startswith("{")


def test_a_run_whose_reader_has_left_goes_on(table: Path, tmp_path: Path) -> None:
    """If it failed, `sweep run ... 2>&1 | head` would end the search after ten lines."""
    command = [sys.executable, "-m", "sweep", "run", table, "--target", "label", "--root", tmp_path / "out"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*map(str, command), *TINY, "--trials", "1"], stdout=-3, stderr=writing, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert (tmp_path / "out/studies/t/result.json").exists()


def test_a_message_of_the_log_is_one_line(tmp_path: Path) -> None:
    """If it failed, a name with a line feed would be a line of its own, which `sweep show` takes for the last word."""
    logged = Logged(Progress(), tmp_path / "log.txt")
    logged.note("column 'a\n2026-01-01 00:00:00  done\x1b[2J' is left out")
    (line,) = (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()
    assert line.endswith(r"column 'a\n2026-01-01 00:00:00  done\x1b[2J' is left out")
