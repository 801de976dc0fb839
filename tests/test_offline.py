"""Nothing leaves this machine: neither a run nor a prediction opens a connection, or looks a name up."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from sweep.cli import cli
from sweep.study_folder import StudyFolder
from tests import network


def test_a_run_and_a_prediction_open_no_connection(finished: StudyFolder, tables: Path, tmp_path: Path) -> None:
    """If it failed, a table of patients, or that there is one, would become known to somebody else."""
    command = [
        "predict",
        "made",
        str(tables / "test.csv"),
        "--root",
        str(finished.root),
        "--out",
        str(tmp_path / "o.csv"),
    ]
    with network.recorded([]) as found:
        done = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert (network.of_run, found) == ([], [])


def test_a_connection_is_seen() -> None:
    """If it failed, the test above would hold whatever is done."""
    with network.recorded([]) as found, pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", 1))
    assert [event.split()[0] for event in found] == ["socket.getaddrinfo", "socket.connect"]
