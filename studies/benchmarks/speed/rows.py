"""How a whole run's seconds and memory go with the rows, at 3,000 positives: made tables of 30 columns, by phase.

    python studies/benchmarks/speed/rows.py ROWS [--csv] [--trials 50] [--depth 0 3] [--width 32 256] [--repeats 2]
                                                 [--epochs E]
    python studies/benchmarks/speed/rows.py            # writes rows.md anew

runs a study of a made table, appends what it took to rows.jsonl and writes rows.md; of a run that is cut short too,
what it took until then. Processor seconds are those of all threads: on two cores that nothing else uses, a run takes
half of them or more. Memory is the highest resident set of the process, read ten times a second; pages of mapped files
count.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STUDIES = HERE.parents[1]
POSITIVES, EXTRA, AT_ONCE = 3_000, 10, 1_000_000
INPUTS = 40  # of the networks: 27 numbers and the levels and gaps of the others


def directions_of_seed_1() -> Any:
    """Draw where the clusters of seed-1 lie."""
    import numpy as np

    sys.path.insert(0, str(STUDIES / "data"))
    import make_seed

    return make_seed.draw_directions(np.random.default_rng(make_seed.TABLES["seed-1"][0]))


def part(rng: Any, directions: Any, rows: int, positives: int) -> Any:
    """Draw rows with the signal of seed-1 and ten columns more that tell nothing: 27 numbers, 3 categories."""
    import make_seed
    import numpy as np
    import polars as pl

    drawn = make_seed.draw_rows(rng, directions, rows - positives, positives)
    noise = rng.standard_normal((rows, EXTRA), np.float32)
    return drawn.with_columns(pl.Series(f"n{k:02d}", noise[:, k]) for k in range(EXTRA))


def made(rows: int, folder: Path, *, csv: bool) -> Path:
    """Write a table of so many rows."""
    import numpy as np
    import polars as pl

    rng, directions, parts = np.random.default_rng(rows), directions_of_seed_1(), []
    for at in range(0, rows, AT_ONCE):
        size = min(AT_ONCE, rows - at)
        positives = POSITIVES * (at + size) // rows - POSITIVES * at // rows
        parts.append(part(rng, directions, size, positives))
    path, whole = folder / f"made-{rows}.{'csv' if csv else 'parquet'}", pl.concat(parts)
    if csv:
        whole.write_csv(path)
    else:
        whole.write_parquet(path)
    return path


class Watched:
    """Wall clock, processor time and the highest resident set between marks."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self.peak = 0.0
        self.begun = (time.perf_counter(), time.process_time())
        threading.Thread(target=self._sample, daemon=True).start()

    def _sample(self) -> None:
        while True:
            self.peak = max(self.peak, resident())
            time.sleep(0.1)

    def mark(self, phase: str, step: str) -> None:
        """End a step of a phase."""
        now = (time.perf_counter(), time.process_time())
        seconds, cpu = (round(b - a, 2) for a, b in zip(self.begun, now, strict=True))
        peak = round(max(self.peak, resident()))
        self.found.append({"phase": phase, "step": step, "seconds": seconds, "cpu": cpu, "peak": peak})
        print(self.found[-1], file=sys.stderr, flush=True)
        self.begun, self.peak = now, 0.0


def resident() -> float:
    """Give the MiB of this process that lie in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(path: Path, watched: Watched, **given: Any) -> None:
    """Run a study in this process, and mark the steps of each phase."""
    from sweep.config import Spec
    from sweep.pipeline import run
    from sweep.prepared import prepare
    from sweep.progress import Progress

    class Marks(Progress):
        now = "estimate"

        def note(self, text: str) -> None:
            print(text, file=sys.stderr, flush=True)

        def phase(self, name: str, steps: int, done: int = 0) -> None:
            watched.mark(self.now, "")
            self.now = name

        def step(self, detail: str = "", by: int = 1) -> None:
            watched.mark(self.now, detail)

    data = prepare(Spec.from_options(path, {"target": "y", "positive": "1", "name": path.stem, **given}))
    watched.mark("read", "")
    with tempfile.TemporaryDirectory() as root:
        run(data, root=root, progress=Marks())
    watched.mark("report", "")


def table(measured: list[dict[str, Any]]) -> str:
    """Sum up the phases of each run, as Markdown."""
    lines = [
        "| rows | study | phase | processor s | seconds | peak MiB |",
        "|---|---|---|---|---|---|",
    ]
    for one in measured:
        steps, given = one["steps"], one["given"]
        study = ", ".join(f"{name} {value}" for name, value in given.items())
        phases = list(dict.fromkeys(step["phase"] for step in steps))
        groups = [(phase, [s for s in steps if s["phase"] == phase]) for phase in phases] + [("**in all**", steps)]
        if phases[-1] != "report":
            groups[-1] = ("**until it was cut short**", steps)
        for phase, of in groups:
            cpu, seconds = (sum(s[k] for s in of) for k in ("cpu", "seconds"))
            lines.append(
                f"| {one['rows']:,} | {study} | {phase} | {cpu:.1f} | {seconds:.1f} | {max(s['peak'] for s in of):,} |"
            )
    return "\n".join([*lines, ""])


def expected() -> str:
    """Estimate runs of 50 trials on two idle cores of the machine that `pace` has its proportions of, as Markdown."""
    import numpy as np

    from sweep.evidence.estimate import estimate_verdict
    from sweep.search.estimate import estimate
    from sweep.search.pace import Pace
    from sweep.search.setup import TrialSetup
    from sweep.stack.recipe import default_batch_size, default_epochs
    from sweep.stack.sampling import rows_trained
    from sweep.study.space import Space

    lines = [
        "| rows | negatives each | search s | curve s | final s | verdict s | all, min |",
        "|---|---|---|---|---|---|---|",
    ]
    space, pace = Space((0.5, 0.99), (0, 3), (32, 256)), Pace(1.0, inputs=INPUTS, cores=2)
    for negatives in (20, 10):
        for rows in (100_000, 1_000_000, 10_000_000):
            trained, at = rows_trained(rows, POSITIVES, negatives), np.arange(rows)
            sizes = default_epochs(trained), default_batch_size(trained)
            given = (at < POSITIVES).astype(np.int8), (at % 5).astype(np.int8), at
            setup = TrialSetup(*given, 2, *sizes, "precision", 0, sample=at < trained)
            seconds = estimate(
                setup, space, pace, of_trials=setup.of_trials(at[:, None].astype(float)), trials=50, workers=1
            )
            seconds["verdict"] = estimate_verdict(setup, space, pace, columns=30)
            parts = " | ".join(f"{s:.0f}" for s in seconds.values())
            lines.append(f"| {rows:,} | {negatives} | {parts} | {sum(seconds.values()) / 60:.0f} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure a run, if one is asked for, and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rows", type=int, nargs="?")
    parser.add_argument("--csv", action="store_true", help="a CSV file, not Parquet")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--depth", type=int, nargs=2, default=(0, 3))
    parser.add_argument("--width", type=int, nargs=2, default=(32, 256))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--epochs", type=int)
    asked = vars(parser.parse_args())
    file, rows, csv = HERE / "rows.jsonl", asked.pop("rows"), asked.pop("csv")
    if rows:
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in asked.items() if v is not None}
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        with tempfile.TemporaryDirectory() as folder:
            with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # so that its memory is not the study's
                path = apart.submit(made, rows, Path(folder), csv=csv).result()
            watched = Watched()
            try:
                measure(path, watched, **given)
            finally:
                with file.open("a") as opened:
                    said = {"file": path.suffix[1:], **given}
                    opened.write(json.dumps({"rows": rows, "given": said, "steps": watched.found}) + "\n")
    measured = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    (HERE / "rows.md").write_text(f"{table(measured)}\nEstimated by `sweep.search.estimate`:\n\n{expected()}")


if __name__ == "__main__":
    main()
