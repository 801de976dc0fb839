"""What each piece of a verdict costs, and what verdicts say: `python studies/benchmarks/verdict/pieces.py`.

Whole runs of 12 trials on the studies of this repository and on a made fraud table, one worker; the functions that a
verdict is gathered by are timed in processor seconds of all threads, so that a busy machine changes little. What trains
nothing runs beside what does: to such pieces the seconds of both are counted. Writes results/pieces.json and
results/pieces.md. Tables may be named instead, with their target: `pieces.py TABLE TARGET ...`;
then nothing is written.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import polars as pl

from sweep import Spec
from sweep.config import Data
from sweep.evidence import verdict
from sweep.pipeline import run
from sweep.prepared import prepare
from sweep.report.answer import headline

HERE = Path(__file__).parent
OUT = HERE / "results"
STUDIES = ("seed-2", "wine", "hypothyroid")
TRIALS = 12
PIECES = {
    "measure_signal": "signal (permutation test)",
    "measure_learning_curve": "learning curve",
    "compare_weights_and_threshold": "weights or threshold",
    "compare_baselines": "logistic regression",
    "measure_yardsticks": "boosting, and the best column against it",
    "score_column": "each column alone",
    "hold_against_rest": "leak alarms against the rest",
    "measure_importance": "importance",
    "compare_tables": "test table compared (two-sample)",
    "assess_test_size": "size of a test",
    "calibration": "calibration",
    "gather_evidence": "all",
}


def fraud(rows: int = 4000) -> pl.DataFrame:
    """A table of payments, one in 25 fraudulent; `chargeback` and why there was one are known only afterwards."""
    rng = np.random.default_rng(30)
    amount, night = rng.lognormal(4, 1, rows), rng.random(rows) < 0.2
    country = rng.choice(["home", "near", "far"], rows, p=[0.7, 0.2, 0.1])
    logit = 0.8 * (np.log(amount) - 4) + 1.2 * night + 1.5 * (country == "far") + rng.logistic(size=rows)
    y = (logit > np.quantile(logit, 0.96)).astype(int)
    charged = (y == 1) & (rng.random(rows) < 0.85)
    given = ((y == 1) & (rng.random(rows) < 0.7)) | (rng.random(rows) < 0.0005)
    return pl.DataFrame(
        {
            "amount": amount.round(2),
            "hour": np.where(night, rng.integers(0, 6, rows), rng.integers(6, 24, rows)),
            "country": country,
            "orders_before": rng.poisson(3, rows),
            "chargeback": np.where(charged, (amount * rng.uniform(0.9, 1, rows)).round(2), 0.0),
            "reason": pl.Series(np.where(given, rng.choice(["stolen", "unknown", "returned"], rows), "")).replace(
                "", None
            ),
            "fraud": y,
        }
    )


def timed(spec: Spec, root: Path, frame: pl.DataFrame | None = None) -> dict[str, Any]:
    """Run a study; give the processor seconds of each piece of its verdict, and what it says."""
    spent: Counter[str] = Counter()

    def watch(name: str) -> Callable[..., Any]:
        function = getattr(verdict, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                spent[name] += time.process_time() - started

        return watched

    with ExitStack() as stack:
        for name in PIECES:
            stack.enter_context(mock.patch.object(verdict, name, watch(name)))
        data = prepare(spec, frame=frame)
        result = run(data, root=root)
    found = result.verdict
    assert found is not None
    alarms = [{"kind": alarm.kind, "column": alarm.column, "says": alarm.says} for alarm in found.alarms]
    return {
        "rows": result.data.rows,
        "positives": result.data.positives,
        "columns": len(result.data.columns),
        "headline": headline(found),
        "bullets": found.bullets,
        "alarms": alarms,
        "before": [alarm.column for alarm in data.alarms],
        "p": found.signal.p,
        "score": [found.score.value, found.score.low, found.score.high],
        "boosting": found.yardsticks.boosting.finding if found.yardsticks else None,
        "average_precision": found.yardsticks.network_average_precision if found.yardsticks else None,
        "paragraph": found.paragraph,
        "seconds": {name: round(spent[name], 2) for name in PIECES if spent[name]},
        "wall": {name: round(value, 1) for name, value in result.seconds.items()},
    }


def summary(found: dict[str, dict[str, Any]]) -> str:
    """The seconds, then the words, in Markdown."""
    names = [*found]
    lines = [_row(["processor seconds", *names]), _row(["---"] * (1 + len(names)))]
    about = [f"{of['rows']} rows, {of['positives']} positives" for of in found.values()]
    lines.append(_row(["", *about]))
    for piece, title in PIECES.items():
        seconds = [of["seconds"].get(piece) for of in found.values()]
        lines.append(_row([title, *("" if value is None else f"{value:.1f}" for value in seconds)]))
    for name, of in found.items():
        lines += ["", f"**{name}**: {of['headline']}", "", *(f"- {bullet}" for bullet in of["bullets"])]
        lines += [f"- asked ({alarm['kind']}): {alarm['says']}" for alarm in of["alarms"]]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(tables: list[str]) -> None:
    """Measure the studies of the repository, or the tables named, with their targets."""
    found = {}
    asked: list[tuple[Spec, pl.DataFrame | None]] = [
        (Spec(Path(path).stem, Data(Path(path), (target,))), None)
        for path, target in zip(tables[::2], tables[1::2], strict=True)
    ]
    if not tables:
        asked = [(Spec.read(HERE.parents[1] / f"{name}.toml"), None) for name in STUDIES]
        asked.append((Spec("fraud", Data(Path("fraud.csv"), ("fraud",))), fraud()))
    with TemporaryDirectory() as root:
        for spec, frame in asked:
            spec = replace(spec, search=replace(spec.search, trials=TRIALS))
            found[spec.name] = timed(spec, Path(root), frame)
            print(json.dumps({spec.name: found[spec.name]}, indent=1), flush=True)
    if not tables:
        (OUT / "pieces.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (OUT / "pieces.md").write_text(summary(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
