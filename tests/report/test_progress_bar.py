"""How progress looks where standard error is no terminal."""

import time

import pytest

from sweep.report.progress_bar import Plain, percent


def test_a_table_of_one_piece_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A hundred lines of progress would stand above the predictions for three rows."""
    percent(Plain())(3, 1.0)
    assert capsys.readouterr().err == ""


def test_a_long_table_says_how_far_it_is_once_a_piece(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever waits would not know for how long, or find the same line many times."""
    move = percent(Plain())
    for rows, share in ((10, 0.005), (400, 0.4), (401, 0.401), (1000, 1.0)):
        move(rows, share)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[:2] for line in lines[-2:]] == [
        ["percent of the table: 40 of 100", "400 rows"],
        ["percent of the table: 100 of 100", "1000 rows"],
    ]
    assert lines[0] == "percent of the table: 0 of 100"
    assert len(lines) == 3


def test_the_time_left_is_that_of_the_steps_of_this_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on would promise its end in seconds: what an earlier run did would seem to have taken no time."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    plain = Plain()
    plain.phase("search", 50, 40)
    now[0] = 10.0
    plain.step()
    assert capsys.readouterr().err.splitlines()[-1] == "search: 41 of 50  about 90 s left"
