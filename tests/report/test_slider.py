"""The slider of the report: it starts at the delivered threshold, and the page allows its script and no other."""

import polars as pl

from sweep.report.slider import Slider, script, script_hash
from sweep.statistics.confusion import Counts

NAMES = [f"{rate}{end}" for rate in ("P0", "P1", "R0", "R1") for end in ("", "_low", "_high")]


def test_it_starts_where_the_model_decides() -> None:
    """If it failed, the first numbers that a reader sees would be those of another threshold."""
    rows = [
        {"threshold": 0.9, "called": 0, "tp": 0, "fp": 0, "fn": 2, "tn": 8, **dict.fromkeys(NAMES)},
        {"threshold": 0.4, "called": 3, "tp": 2, "fp": 1, "fn": 0, "tn": 7, **dict.fromkeys(NAMES, 0.5)},
    ]
    slider = Slider.of(pl.DataFrame(rows, infer_schema_length=None), Counts(tp=2, fp=1, fn=0, tn=7))
    assert slider.start == 1
    first, second = slider.rows.split(";")
    assert first.startswith("0.9,0,0,0,2,8,,")
    assert second.count(",") == 17


def test_the_script_is_allowed_by_its_hash_and_asks_nothing_from_outside() -> None:
    """If it failed, the browser would not run the slider, or the page could be made to run something else."""
    text = script()
    assert script_hash("alert('Hello, world.');") == "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
    assert "</script" not in text
    for outside in ("http", "fetch(", "innerHTML", "eval("):
        assert outside not in text
