"""The page, the pictures and the terminal's text of a verdict: all there, nothing from outside, nothing unescaped."""

import html
import io
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from sweep.evidence.verdict import Evidence
from sweep.report.answer import headline
from sweep.report.figures import draw_importance, draw_learning, draw_reliability, save, save_all
from sweep.report.html import more_facts, render, track
from sweep.report.result import Balance, ByThreshold, ColumnSummary, DataSummary, Result, Searched, Selected, Trials
from sweep.report.terminal import recall_by_cut, selected_line, summarise
from sweep.statistics.digits import rate, span
from sweep.study_folder import StudyFolder
from tests.made_evidence import Case

AWKWARD = "<script>alert('x')</script> & \"quoted\" {{ 7 * 7 }} $x$"


def result(verdict: Any, case: Any, *, name: str = "made", target: str = "y") -> Result:
    """A result around a verdict; what it describes is that of the case."""
    pick, rates = case.counts, {"precision": case.counts.precision, "recall": case.counts.recall}
    balance = Balance(True, "weights", 0.6, 0.2, 0.0, 0.5, 0.7, pick, **rates, crossings=(0.6,))
    selected = Selected(
        "ratio", name, 3, Searched(0.6, 2, 64), False, 4.0, 0.2, pick, **rates, average_precision=0.42,
        average_precision_by_fold=0.41, score=0.4, corrected=case.corrected, confirmed=(),
    )  # fmt: skip
    return Result(
        name=name,
        version="0",
        data=DataSummary(2000, 100, 3, "f" * 64, target, target, "other"),
        equal="precision",
        selected=selected,
        balances=dict.fromkeys(("precision", "ratio", "recall", "unweighted", "moved_cut"), balance),
        trials=Trials(4, 1, 0),
        test=None,
        verdict=verdict,
        seconds={"search": 1.0},
        versions={"numpy": "0.0.made"},
    )


@pytest.fixture(scope="module")
def verdict(case: Case) -> Any:
    return case.reaching("feature-limited", False)


@pytest.fixture(scope="module")
def pictures(verdict: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("pictures")
    save_all(lambda narrow: draw_learning(verdict.learning, name=AWKWARD, narrow=narrow), folder / "learning-curve.png")
    save(
        draw_reliability(verdict.calibration.bins.undone, calibration=verdict.calibration, name=AWKWARD),
        folder / "reliability.png",
    )
    save(draw_importance(verdict.importance, name=AWKWARD), folder / "importance.png")
    return sorted(folder.glob("*.png"))


@pytest.fixture(scope="module")
def page(verdict: Any, case: Case, pictures: Any) -> Any:
    return render(result(verdict, case), pictures=pictures, study="[search]\nseed = 7")


def test_the_answer_comes_first_and_every_piece_is_there(page: Any, verdict: Any) -> None:
    text = html.unescape(page)
    assert text.index("Is it futile?") < text.index("limited by the features, probably") < text.index("three balances")
    places = [text.index(part) for part in ("<ul>", "<figure>", "The three balances", "The verdict in full")]
    assert places == sorted(places), "the order is not: answer, bullets, pictures, and then all else"
    for said in (
        verdict.paragraph,
        *verdict.bullets,
        *(
            getattr(verdict, piece.name).says
            for piece in fields(Evidence)
            if piece.name not in ("alarms", "importance", "two_sample")
        ),
    ):
        assert said in text, "a sentence of the verdict is not on the page"
    assert "seed = 7" in text, "the page does not say how to reproduce it"


def test_the_command_to_reproduce_it_has_as_many_workers(verdict: Any, case: Case, pictures: Any) -> None:
    """If it failed, a reader would run a search that proposes other trials."""
    found = replace(result(verdict, case), workers=3)
    assert "<code>sweep run study.toml --workers 3</code>" in render(found, pictures=pictures, study="")


def test_nothing_comes_from_outside(page: Any) -> None:
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!data:|#)", page), "the page asks for a file or an address"
    assert not re.search(r"url\((?!#)", page), "the style asks for a file"
    assert "@import" not in page, "the style asks for a file"
    assert "default-src 'none'" in page, "the browser is not told to ask nothing from outside"


def test_every_text_of_a_user_is_escaped(verdict: Any, case: Case) -> None:
    awkward = result(verdict, case, name=AWKWARD, target=AWKWARD)
    page = render(awkward, pictures=[], study=AWKWARD)
    assert "<script" not in page, "a name can run code in the reader's browser"
    assert "{{ 7 * 7 }}" in page, "a name was run as a template"
    assert html.escape("alert('x')", quote=False) in html.unescape(page), "a name is lost"


def test_pictures_are_inside_the_page(page: Any) -> None:
    """If it failed, a picture would be missing, or a study drawn by an earlier version would show none."""
    assert page.count('src="data:image/png;base64,') == 2, "a picture without an SVG beside it is missing"
    assert page.count('<svg class="drawing"') + page.count('class="drawing" ') >= 2
    assert "min(P1, R1) " in page.partition('<div class="phone">')[2], "the drawing for phones is missing"
    assert html.escape(AWKWARD, quote=False)[:24] in page, "the name in a drawing is lost"


def test_classes_are_called_by_their_own_names(verdict: Any, case: Case) -> None:
    """If it failed, a reader would have to remember which class is 1."""
    found = result(verdict, case)
    words = replace(found, data=replace(found.data, target="diagnosis", positive="ill <1>", negative="well"))
    page = render(words, pictures=[], study="")
    assert "predicted 0" not in page
    assert "class 1" not in page
    heads = re.findall(r'<th scope="col">(.*?)</th>', page)
    assert set(heads) == {"well", "ill &lt;1&gt;"}
    numbers = replace(found, data=replace(found.data, target="y", positive="1", negative="0"))
    assert set(re.findall(r'<th scope="col">(.*?)</th>', render(numbers, pictures=[], study=""))) == {"y = 0", "y = 1"}


def test_the_columns_are_listed_with_their_gaps_and_what_to_know(case: Case) -> None:
    """If it failed, a reader could not see that a column was left out, or is other in the test table."""
    found = result(None, case)
    columns = (
        ColumnSummary("site", "category", 0, 3, None),
        ColumnSummary("dose <mg>", "number", 500, None, None),
        ColumnSummary("id", "left out", 0, None, "numbering the rows (--number keeps it)"),
    )
    notes = ("column 'site': 3 of 120 rows (2%) hold levels that the table learned from did not have: 'west'", "other")
    page = render(replace(found, data=replace(found.data, columns=columns, notes=notes)), pictures=[], study="")
    table = html.unescape(page.partition('<table class="columns">')[2].partition("</table>")[0])
    rows = [re.sub(r"<[^>]*>", "|", row) for row in table.split("<tr>")[1:]]
    assert "3 of 120 rows (2%) hold levels that the table learned from did not have: 'west'" in rows[0]
    assert "500 (25.0 %)" in rows[1]
    assert "left out" in rows[2]
    assert "numbering the rows" in rows[2]


def test_keys_that_the_page_does_not_know_are_shown() -> None:
    """If it failed, what a later part of a run says of the table would stay in result.json alone."""
    assert more_facts({"a": 1, "scored": 300, "none": None, "nothing": ()}, {"a"}) == [("scored", "300")]


def test_no_interval_reads_one_to_one() -> None:
    """If it failed, a precision of 0.9986 would look like certainty."""
    assert span((0.9962, 0.9991)) == "0.996–0.999"
    assert span((0.99996, 1.0)) == "0.99996–1"
    assert span((0.0, 0.0004)) == "0–0.0004"
    assert rate(0.9979, (0.9962, 0.9991)) == "0.998"
    for low, high in np.sort(np.random.default_rng(0).beta(0.5, 0.5, (200, 2)), axis=1):
        text = span((low, high))
        assert len(set(text.split("–"))) == 2, text


def test_a_quick_run_has_a_page_without_verdict(case: Case) -> None:
    page = render(result(None, case), pictures=[], study="")
    assert headline(None) in page, "a page without verdict does not say that there is none"
    assert "more positives help" not in page, "a page without verdict shows the evidence of another run"


def test_a_curve_that_cannot_tell_is_said_not_drawn(case: Case) -> None:
    unknown = case.reaching("data-limited", False, curve=False)
    page = render(result(unknown, case), pictures=[], study="")
    assert "cannot be told" in page, "the page hides that the curve cannot tell"


def test_a_recall_balance_out_of_reach_comes_with_the_cut_that_has_it(verdict: Any, case: Case) -> None:
    """Else who needs equal recalls would think that this network cannot give them."""
    found = result(verdict, case)
    assert recall_by_cut(found) is None
    by_threshold = ByThreshold(0.0314, case.counts, (0.99, 0.1), (0.8, 0.8))
    found.balances["recall"] = replace(found.balances["recall"], reached=False, by_threshold=by_threshold)
    said = "o weight of those searched makes R0 = R1; a threshold of 0.0314 on the probability does: R0 0.800, R1"
    assert said in str(recall_by_cut(found))
    assert f"N{said}" in html.unescape(render(found, pictures=[], study=""))
    unknown = replace(by_threshold, probability=None)
    found.balances["recall"] = replace(found.balances["recall"], by_threshold=unknown)
    assert recall_by_cut(found) is None, "where the probability is the same for all rows, a cut on it is named"


def test_a_balance_that_was_asked_for_and_reached_needs_no_reason(verdict: Any, case: Case) -> None:
    found = result(verdict, case)
    found = replace(found, selected=replace(found.selected, why=None))
    assert "Why:" not in render(found, pictures=[], study=""), "a reason is given where none is needed"


def test_undefined_intervals_are_not_drawn() -> None:
    assert track(None, 0.0, 1.0) is None, "an undefined rate is drawn as a number"
    beyond = track(-2.0, -3.0, 3.0, -1.0, 1.0)
    assert beyond is not None
    assert beyond["value"] == 4.0, "a value beyond the line is drawn off the picture"


def test_the_terminal_says_the_verdict_first_within_100_columns(verdict: Any, case: Case) -> None:
    written = io.StringIO()
    console = Console(width=100, file=written)
    for part in summarise(result(verdict, case, name="made [bold]")):
        console.print(part)
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 100, "a line is wider than 100 columns"
    assert lines[1] == "feature-limited, probably", "the answer does not stand at the top"
    said = " ".join(" ".join(lines).split())
    assert verdict.paragraph in said, "the paragraph is cut, or eaten as markup"


def test_the_figures_hold_the_numbers(verdict: Any) -> None:
    ax = draw_learning(verdict.learning)
    drawn = [
        np.asarray(line.get_ydata()).tolist()
        for line in ax.lines
        if np.size(line.get_xdata()) == len(verdict.learning.points)
    ]
    assert [p.score for p in verdict.learning.points] in drawn, "the curve drawn is another than measured"
    assert max(ax.get_xticks()) == 2 * verdict.learning.points[-1].positives, (
        "the projection is not drawn at twice the positives"
    )
    ax = draw_reliability(verdict.calibration.bins.undone, calibration=verdict.calibration)
    assert f"slope {verdict.calibration.slope.value:.2f} (" in ax.get_title(loc="left"), (
        "the picture does not say the slope"
    )


def test_the_importance_drawn_is_that_measured(verdict: Any) -> None:
    """If it failed, the picture would show other columns, or other falls, than the table beside it."""
    ax = draw_importance(verdict.importance)
    assert len(ax.get_title(loc="left").splitlines()) == 2, "the lines run into the head above them"
    assert [label.get_text() for label in ax.get_yticklabels()] == [one.column for one in verdict.importance]
    assert np.asarray(ax.lines[-1].get_xdata()).tolist() == [one.value for one in verdict.importance]


def test_a_finished_run_has_it_all(finished: StudyFolder) -> None:
    found = Result.read(finished)
    assert found.verdict, "a run without --quick gives no verdict"
    assert found.verdict.paragraph in html.unescape(finished.report.read_text()), "the page lacks the verdict"
    assert found.verdict.test_size.positives == 10, "the test table's positives are not looked at"
    assert found.to_json() == finished.result.read_text(), "the result cannot be read as it was written"


def test_the_page_prints_the_versions_that_made_the_numbers(page: Any) -> None:
    """If it failed, a report written again after an update would name versions that made none of its numbers."""
    assert "numpy 0.0.made" in page


def test_the_line_of_what_was_selected_names_every_setting_that_was_searched(case: Case) -> None:
    """A width of 1024 would read 1.02e+03, or a dropout that was searched be kept back."""
    found = result(None, case)
    found = replace(found, selected=replace(found.selected, params=Searched(0.7, 2, 1024, dropout=0.25)))
    assert selected_line(found).endswith("network 2 x 1024, dropout 0.25, from trial 3")


def test_long_names_of_columns_stay_inside_the_picture(verdict: Any) -> None:
    """If it failed, the name of the column that matters most would be cut off."""
    long = [replace(one, column=AWKWARD * 3) for one in verdict.importance] * 8
    ax = draw_importance(long, name=AWKWARD)
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height
