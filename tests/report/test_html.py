"""The page, the pictures and the terminal's text of a verdict: all there, nothing from outside, nothing unescaped."""

import html
import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from sweep.evidence.wording import paragraph, sentences
from sweep.report.figures import draw_learning, draw_reliability, save
from sweep.report.html import headline, render, track
from sweep.report.result import Result
from sweep.report.terminal import recall_by_cut, summarise

AWKWARD = "<script>alert('x')</script> & \"quoted\" {{ 7 * 7 }} $x$"


def result(verdict, counts, *, name="made", target="y", test=None):
    balance = {
        "reached": True,
        "reached_by": "weights",
        "threshold": 0.2,
        "most": 0.8,
        "gap": 0.0,
        "low": 0.7,
        "high": 0.9,
        "counts": counts.to_dict(),
    }
    balance |= {"precision": list(counts.precision), "recall": list(counts.recall), "crossings": []}
    selected = {"equal": "ratio", "trial": 3, "params": {"most": 0.8, "depth": 2, "width": 64}, "weight_ratio": 4.0}
    selected |= {"score": 0.4, "average_precision": 0.42, "average_precision_by_fold": None}
    selected |= {"corrected": {"score": 0.41, "low": 0.31, "high": 0.52}, "why": name, "counts": counts.to_dict()}
    return Result(
        name=name,
        version="0",
        data={
            "rows": 2000, "positives": 100, "features": 3, "fingerprint": "f" * 64, "target": target,
            "positive": target,
        },
        equal="precision",
        selected=selected,
        balances=dict.fromkeys(("precision", "ratio", "recall", "unweighted", "moved_cut"), balance),
        trials={"complete": 4, "pruned": 1, "failed": 0},
        test=test,
        verdict=verdict,
        seconds={"search": 1.0},
    )  # fmt: skip


@pytest.fixture(scope="module")
def verdict(evidence, counts):
    found = evidence()
    for piece, says in sentences(found).items():
        found[piece]["says"] = says
    said = {"answer": "data-limited", "sure": False, "enough": 0.5}
    return {**said, "paragraph": paragraph({**said, **found}, counts), **found}


@pytest.fixture(scope="module")
def pictures(verdict, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    save(draw_learning(verdict["learning"], name=AWKWARD), folder / "learning-curve.png")
    save(draw_reliability(verdict["calibration"], name=AWKWARD), folder / "reliability.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def page(verdict, counts, pictures):
    return render(result(verdict, counts), pictures=pictures, study="[search]\nseed = 7")


def test_the_answer_comes_first_and_every_piece_is_there(page, verdict):
    text = html.unescape(page)
    assert text.index("Is it futile?") < text.index("short of positives, probably") < text.index("three balances")
    for said in (
        verdict["paragraph"],
        *(piece["says"] for piece in verdict.values() if isinstance(piece, dict) and "says" in piece),
    ):
        assert said in text, "a sentence of the verdict is not on the page"
    assert "seed = 7" in text, "the page does not say how to reproduce it"


def test_nothing_comes_from_outside(page):
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!data:)", page), "the page asks for a file or an address"
    assert "url(" not in page, "the style asks for a file"
    assert "@import" not in page, "the style asks for a file"
    assert "default-src 'none'" in page, "the browser is not told to ask nothing from outside"


def test_every_text_of_a_user_is_escaped(verdict, counts):
    awkward = result(verdict, counts, name=AWKWARD, target=AWKWARD)
    page = render(awkward, pictures=[], study=AWKWARD)
    assert "<script" not in page, "a name can run code in the reader's browser"
    assert "{{ 7 * 7 }}" in page, "a name was run as a template"
    assert html.escape("alert('x')", quote=False) in html.unescape(page), "a name is lost"


def test_pictures_are_inside_the_page(page):
    assert page.count('src="data:image/png;base64,') == 2, "the learning curve or the reliability diagram is missing"


def test_a_quick_run_has_a_page_without_verdict(counts):
    page = render(result(None, counts), pictures=[], study="")
    assert headline(None) in page, "a page without verdict does not say that there is none"
    assert "more positives help" not in page, "a page without verdict shows the evidence of another run"


def test_a_curve_that_cannot_tell_is_said_not_drawn(verdict, evidence, counts):
    unknown = {**verdict, "learning": {**evidence(curve=False)["learning"], "says": "cannot be told"}}
    page = render(result(unknown, counts), pictures=[], study="")
    assert "cannot be told" in page, "the page hides that the curve cannot tell"


def test_a_recall_balance_out_of_reach_comes_with_the_cut_that_has_it(verdict, counts):
    """Else who needs equal recalls would think that this network cannot give them."""
    found = result(verdict, counts)
    assert recall_by_cut(found) is None
    by_cut = {"probability": 0.0314, "counts": counts.to_dict(), "precision": [0.99, 0.1], "recall": [0.8, 0.8]}
    found.balances["recall"] = {**found.balances["recall"], "reached": False, "by_cut": by_cut}
    said = "o weight of those searched makes R0 = R1; calling from a probability of 0.0314 on does: R0 0.800, R1"
    assert said in recall_by_cut(found)
    assert f"N{said}" in html.unescape(render(found, pictures=[], study=""))
    by_cut["probability"] = None
    assert recall_by_cut(found) is None, "where the probability is the same for all rows, a cut on it is named"


def test_a_balance_that_was_asked_for_and_reached_needs_no_reason(verdict, counts):
    found = result(verdict, counts)
    del found.selected["why"]
    assert "Why:" not in render(found, pictures=[], study=""), "a reason is given where none is needed"


def test_undefined_intervals_are_not_drawn():
    assert track(None, 0.0, 1.0) is None, "an undefined rate is drawn as a number"
    assert track(-2.0, -3.0, 3.0, -1.0, 1.0)["value"] == 4.0, "a value beyond the line is drawn off the picture"


def test_the_terminal_says_the_verdict_first_within_100_columns(verdict, counts):
    console = Console(width=100, file=io.StringIO())
    for part in summarise(result(verdict, counts, name="made [bold]")):
        console.print(part)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 100, "a line is wider than 100 columns"
    assert lines[1] == "data-limited, probably", "the answer does not stand at the top"
    said = " ".join(" ".join(lines).split())
    assert verdict["paragraph"] in said, "the paragraph is cut, or eaten as markup"


def test_the_figures_hold_the_numbers(verdict):
    ax = draw_learning(verdict["learning"])
    drawn = [line.get_ydata().tolist() for line in ax.lines if len(line.get_xdata()) == 5]
    assert [p["score"] for p in verdict["learning"]["points"]] in drawn, "the curve drawn is another than measured"
    assert max(ax.get_xticks()) == 160, "the projection is not drawn at twice the positives"
    ax = draw_reliability(verdict["calibration"])
    assert "slope 0.80 (0.70 to 0.90)" in ax.get_title(loc="left"), "the picture does not say the slope"


def test_a_finished_run_has_it_all(finished):
    found = Result.read(finished)
    assert found.verdict, "a run without --quick gives no verdict"
    assert found.verdict["paragraph"] in html.unescape(finished.report.read_text()), "the page lacks the verdict"
    assert found.verdict["test_size"]["positives"] == 10, "the test table's positives are not looked at"
    assert replace(found).to_json(), "the verdict holds what JSON cannot"
