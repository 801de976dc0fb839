"""The slider in headless Chromium: allowed by the page's own policy, right when moved, at desk and phone width."""

import html
import re
from pathlib import Path

import polars as pl
import pytest

from sweep.study_folder import StudyFolder
from tests.report.test_html_browser import chromium

MOVE = """<!doctype html><meta charset="utf-8"><body><iframe style="width:{width}px;height:900px;border:0"
srcdoc="{page}"></iframe><script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument, box = page.getElementById("slider");
  const range = box.querySelector("input[type=range]"), cost = box.querySelector("input[type=text]");
  const of = (name) => box.querySelector(`[data-of="${{name}}"]`).textContent;
  range.value = "{place}";
  range.dispatchEvent(new Event("input"));
  cost.value = "50:1";
  cost.dispatchEvent(new Event("input"));
  const said = ["tp", "fp", "fn", "tn", "alarms", "P1", "cost"].map(of).join("|");
  const fits = page.documentElement.scrollWidth <= {width} && range.getBoundingClientRect().width > 150;
  document.body.innerHTML = `<output>${{said}}|${{fits}}</output>`;
}});</script>"""

pytestmark = pytest.mark.browser


def test_the_page_lets_its_own_script_run(finished: StudyFolder, tmp_path: Path) -> None:
    """If it failed, the policy that keeps foreign scripts out would keep the slider out too."""
    dom = chromium(finished.report, tmp_path)
    assert re.search(r'<div id="slider"[^>]*>', dom)
    assert not re.search(r'<div id="slider"[^>]*hidden', dom)
    assert re.search(r'data-of="alarms">\d', dom)


@pytest.mark.parametrize("width", [1280, 390])
def test_moving_it_shows_what_that_threshold_does(finished: StudyFolder, tmp_path: Path, width: int) -> None:
    """If it failed, a reader would choose a threshold by the counts of another, or could not reach the slider."""
    rows = pl.read_csv(finished.folder / "thresholds.csv")
    place = rows.height // 3
    row = rows.row(place, named=True)
    text = re.sub(r"<meta http-equiv[^>]*>", "", finished.report.read_text(encoding="utf-8"))
    page = tmp_path / "move.html"
    page.write_text(MOVE.format(width=width, page=html.escape(text), place=place), encoding="utf-8")
    measured = re.search(r"<output>(.*?)</output>", chromium(page, tmp_path))
    assert measured, "the page ran no script"
    tp, fp, fn, tn, alarms, p1, cost, fits = measured[1].split("|")
    assert [int(tp), int(fp), int(fn), int(tn)] == [row[name] for name in ("tp", "fp", "fn", "tn")]
    total = sum(row[name] for name in ("tp", "fp", "fn", "tn"))
    assert float(alarms) == pytest.approx(1000 * row["called"] / total, abs=0.06)
    assert float(p1.split()[0]) == pytest.approx(row["P1"], abs=0.001)
    assert float(cost.split()[0]) == pytest.approx(1000 * (50 * row["fn"] + row["fp"]) / total, abs=0.06)
    assert fits == "true", "the page is wider than the screen, or the slider too short to move"
