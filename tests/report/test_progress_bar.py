"""How progress looks where standard error is no terminal."""

import io

import pytest
from rich.console import Console

from sweep.progress import TimeLeft
from sweep.report.notebook_bar import InNotebook, in_notebook
from sweep.report.progress_bar import Live, Plain, percent


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


def test_the_time_left_is_that_of_the_whole_run(capsys: pytest.CaptureFixture[str]) -> None:
    """If it failed, a bar would reach its end while the longest phase, the verdict, has not begun."""
    now, plain = [0.0], Plain()
    plain.time = TimeLeft(lambda: now[0])
    plain.plan({"search": 100.0, "verdict": 50.0})
    plain.phase("search", 50, 40)
    assert capsys.readouterr().err.splitlines()[-1] == "search: 40 of 50  about 2 min 30 s left"
    now[0] = 20.0
    plain.step("best so far 0.5")
    # one of ten steps took 20 s: 180 s are left of the search, and the verdict takes twice what was planned, too
    assert capsys.readouterr().err.splitlines()[-1] == "search: 41 of 50  best so far 0.5  about 4 min 40 s left"
    plain.step(by=9)
    now[0] = 40.0
    plain.phase("verdict", 5)
    assert capsys.readouterr().err.splitlines()[-1] == "verdict: 0 of 5  about 20 s left"


def test_what_an_earlier_run_did_took_this_one_no_time() -> None:
    """If it failed, a run that is resumed would promise its end in seconds."""
    now = [0.0]
    left = TimeLeft(lambda: now[0])
    left.phase("search", 50, 40)
    assert left.seconds() is None
    now[0] = 10.0
    left.step()
    assert left.seconds() == pytest.approx(90)


def test_the_bar_never_goes_back_and_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a bar would jump about, or break its line on a narrow terminal."""
    monkeypatch.setenv("COLUMNS", "60")
    now, live = [0.0], Live()
    live.time = TimeLeft(lambda: now[0])
    live.plan({"search": 10.0, "curve": 90.0})
    live.phase("search", 2)
    shares = []
    for at in (0.0, 5.0, 9.0, 200.0):
        now[0] = at
        live.step("best so far 0.778, none better since trial 12 of this search", by=int(at == 9.0))
        shares.append(live.time.share())
        to = io.StringIO()
        Console(file=to, width=60).print(live.line())
        assert len(to.getvalue().splitlines()) == 1
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1


def test_a_notebook_keeps_the_notes_and_one_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a notebook would be filled with a line per trial, or run what a column's name holds."""
    pages: list[str] = []
    bar = InNotebook()
    monkeypatch.setattr(bar, "_display", pages.append)
    assert not in_notebook()
    with bar:
        bar.plan({"search": 10.0})
        bar.phase("search", 2)
        bar.step("<b>best</b>")
    assert "search: 1 of 2" in pages[-2]
    assert "&lt;b&gt;best" in pages[-2]
    assert pages[-1] == ""
