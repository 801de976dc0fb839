"""Drawings as SVG: what they say where a pointer rests, how they turn dark, and that they can stand in one page."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from sweep.errors import StudyError
from sweep.report.drawing import SVG, inline
from sweep.report.figures import TrialPoint, draw_delivered, draw_reliability, draw_trials, save, save_all
from sweep.report.theme import DARK
from sweep.statistics.calibration import bins_of_equal_positives
from sweep.statistics.confusion import Counts

AWKWARD = "<script>alert('x')</script> & \"quoted\" $x$"
POINTS = [TrialPoint(0, 0.5, 1, 16, 0.8, 0.4), TrialPoint(1, 0.7, 2, 64, 0.6, 0.6, more=", dropout 0.2")]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three files of one drawing."""
    folder = tmp_path_factory.mktemp("drawn")
    save_all(
        lambda narrow: draw_trials(POINTS, selected=POINTS[1], prevalence=0.1, name=AWKWARD, narrow=narrow),
        folder / "made.png",
    )
    return folder


def test_a_drawing_comes_as_png_and_svg_and_for_a_phone(drawn: Path) -> None:
    assert sorted(path.name for path in drawn.iterdir()) == ["made-narrow.svg", "made.png", "made.svg"]


def hints(path: Path) -> list[tuple[tuple[float, ...], str]]:
    root = ElementTree.fromstring(path.read_text())
    found = [e for e in root.iter(f"{{{SVG}}}rect") if e.get("class") == "hint"]
    return [(tuple(float(e.attrib[k]) for k in ("x", "y", "width", "height")), e[0].text or "") for e in found]


def test_each_trial_says_what_it_is_where_the_pointer_rests(drawn: Path) -> None:
    """If it failed, a reader could not tell which trial a point is."""
    for name in ("made.svg", "made-narrow.svg"):
        said = hints(drawn / name)
        assert [text.partition(":")[0] for _, text in said] == [
            "trial 1", "trial 0", "selected, at the balance picked, trial 1",
        ]  # fmt: skip
        assert "P1 0.600, R1 0.600; most 0.700 (weights 2.33 : 1), depth 2, width 64, dropout 0.2" in said[0][1]
        (x1, y1, *_), (x0, y0, *_) = said[0][0], said[1][0]
        assert x0 < x1, "R1 of trial 0 is the smaller one"
        assert y0 < y1, "P1 of trial 0 is the higher one; y goes down"


def test_the_hint_lies_on_its_point(tmp_path: Path) -> None:
    """If it failed, the pointer would have to rest beside the point."""
    ax = draw_trials(POINTS)
    save(ax, tmp_path / "one.svg")
    box = next(box for box, text in hints(tmp_path / "one.svg") if text.startswith("trial 0:"))
    figure: Any = ax.figure
    x, y = ax.transData.transform((0.4, 0.8)) * 72 / figure.dpi
    assert box[0] + box[2] / 2 == pytest.approx(x, abs=0.2)
    assert box[1] + box[3] / 2 == pytest.approx(72 * figure.get_size_inches()[1] - y, abs=0.2)


def test_a_drawing_is_the_same_each_time_and_holds_no_markup_of_a_user(drawn: Path, tmp_path: Path) -> None:
    text = (drawn / "made.svg").read_text()
    save(draw_trials(POINTS, selected=POINTS[1], prevalence=0.1, name=AWKWARD), tmp_path / "made.svg")
    assert (tmp_path / "made.svg").read_text() == text
    assert "<script" not in text
    assert "http" not in text.replace(SVG, "").replace("http://www.w3.org/1999/xlink", "")


def test_every_colour_of_the_house_has_a_dark_one_that_is_drawn(drawn: Path) -> None:
    """If it failed, a line would stay dark on a dark page."""
    text = (drawn / "made.svg").read_text()
    style, _, rest = text.partition("</style>")
    assert "prefers-color-scheme: dark" in style
    house = {colour.lower() for colour in DARK}
    used = {colour for colour in re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", rest) if colour in house}
    assert {"#ffffff", "#6e6e6e", "#c8c8c8", "#d55e00", "#cc79a7"} <= used
    for colour in used:
        assert f'"fill: {colour}"' in style.replace("&quot;", '"'), colour


def test_two_drawings_in_one_page_share_no_id(drawn: Path) -> None:
    """If it failed, a clip or marker of one would be taken for the other."""
    ids = [set(re.findall(r'\bid="([^"]*)"', inline(drawn / name))) for name in ("made.svg", "made-narrow.svg")]
    assert ids[0]
    assert not ids[0] & ids[1]
    text = inline(drawn / "made.svg")
    assert set(re.findall(r'href="#([^"]*)"', text)) | set(re.findall(r"url\(#([^)]*)\)", text)) <= ids[0]
    assert "<style" not in text.partition("<defs>")[0]


def test_a_damaged_drawing_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "x.svg").write_text("<svg")
    with pytest.raises(StudyError, match="must be a drawing"):
        inline(tmp_path / "x.svg")


def test_the_delivered_models_curve_has_its_decision_and_says_its_thresholds(tmp_path: Path) -> None:
    """If it failed, the page would show any trial's curve but the delivered one's."""
    y = np.repeat([0, 1], [90, 10])
    logits = np.where(y == 1, 1.0, -1.0) + np.linspace(0, 0.5, 100)
    counts = Counts.of(y, logits > 1.2)
    ax: Any = draw_delivered(y, logits, counts, threshold=0.31, average_precision=0.987)
    point = next(line for line in ax.lines if line.get_marker() == "o")
    assert point.get_xydata().tolist() == [[counts.recall[1], counts.precision[1]]]
    assert "as delivered, from 0.31 on" in "".join(text.get_text() for text in ax.get_legend().get_texts())
    save(ax, tmp_path / "delivered.svg")
    assert any("finds 10 of 10" in text for _, text in hints(tmp_path / "delivered.svg"))


def test_reliability_shows_each_bins_counts_at_the_delivered_probability() -> None:
    """If it failed, the reader would believe another probability than the one that the model gives."""
    rng = np.random.default_rng(0)
    p = rng.beta(0.3, 3, 900)
    y = (rng.random(900) < p).astype(int)
    bins = bins_of_equal_positives(y, p)
    assert sum(b.rows for b in bins) == 900
    assert max(b.positives for b in bins) - min(b.positives for b in bins) <= 1
    ax = draw_reliability(bins)
    points = ax.lines[0]
    np.testing.assert_allclose(np.asarray(points.get_xdata()), [b.probability for b in bins])
    written = [text.get_text() for text in ax.texts]
    assert all(f"{b.positives} of {b.rows}" in written for b in bins)


@pytest.mark.parametrize("p", [np.linspace(0.01, 0.2, 60), np.full(60, 0.1), np.repeat([0.0, 1.0], 30)])
def test_reliability_of_any_probability_is_drawn(p: Any, tmp_path: Path) -> None:
    """If it failed, a model that tells no rows apart, or is never wrong, would end the run."""
    y = np.repeat([0, 1], 30)
    save(draw_reliability(bins_of_equal_positives(y, p)), tmp_path / "reliability.png")
