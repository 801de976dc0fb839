"""The delivery benchmark, one command: measures, and writes result.json and table.md beside this file.

    python studies/benchmarks/delivery/run.py [--part predict|memory|weights|formats]... [--repeats 5]

Sides that are compared run in processes of their own and take turns; figures are medians. Parts that are not asked
for keep what result.json has of them.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).parent
STUDY = HERE.parents[1] / "hypothyroid.toml"
TABLE = HERE.parents[1] / "data" / "hypothyroid.csv"
NAME = STUDY.stem
SWEEP = (sys.executable, "-m", "sweep")
SHORT, LONG = 100_000, 500_000  # rows; a rate is the difference of these over the difference of their times
FEW = 20  # so many times fewer rows for a way that takes so long
LENGTHS = (100_000, 1_000_000, 2_000_000)
FORMATS = ("keras", "tf_saved_model", "litert", "onnx", "npz")


class Side:
    """A process that measures; see sides.py."""

    def __init__(self, name: str, folder: Path) -> None:
        command = [sys.executable, str(HERE / "sides.py"), name, str(model_of(folder)), str(folder / f"{LONG}.parquet")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, do: str, **task: Any) -> float:
        """Seconds of one task."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **task}) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self) -> None:
        """End the process."""
        self.process.communicate()


def model_of(folder: Path) -> Path:
    """The model that all is measured on."""
    return folder / "studies" / NAME / "best" / "model.keras"


def prepare(folder: Path) -> None:
    """Train a model of the usual size, few epochs, and write its table's rows over and over, with an id and a note."""
    shape = ["--depth", "2", "2", "--width", "64", "64", "--epochs", "5", "--trials", "1", "--quick"]
    subprocess.run([*SWEEP, "run", str(STUDY), *shape, "--root", str(folder)], check=True, capture_output=True)
    once = pl.read_csv(TABLE, infer_schema=False)
    for rows in (LONG, *LENGTHS):
        frame = pl.concat([once] * (rows // once.height + 1)).head(rows)
        frame = frame.with_row_index("id").with_columns(pl.lit("x").alias("note"))
        frame.write_csv(folder / f"{rows}.csv")
        frame.write_parquet(folder / f"{rows}.parquet")


def predict(folder: Path, repeats: int) -> dict[str, Any]:
    """Rows a second, start-up left out: sweep from file to file, Keras from columns in memory to arrays."""
    sweep, keras = Side("sweep", folder), Side("keras", folder)

    def own(ending: str) -> Callable[[int], float]:
        return lambda rows: sweep("predict", table=f"{folder}/{rows}.{ending}", out=f"{folder}/out.{ending}")

    ways: dict[str, tuple[int, Callable[[int], float]]] = {
        "sweep predict, CSV to CSV": (1, own("csv")),
        "sweep predict, Parquet to Parquet": (1, own("parquet")),
        "keras.Model.predict, its default batch": (FEW, lambda rows: keras("predict", rows=rows, batch_size=32)),
        "keras.Model.predict, batches of 4096": (1, lambda rows: keras("predict", rows=rows, batch_size=4096)),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeats + 1):
        for name, (fewer, way) in ways.items():
            short, far = way(SHORT // fewer), way(LONG // fewer)
            rate = (LONG - SHORT) / fewer / (far - short)
            if turn:  # the first turn traces and warms up
                rates[name].append(rate)
            print(f"  {name}: {rate:,.0f} rows/s", file=sys.stderr)
    sweep.end(), keras.end()
    return {"rates": rates}


def memory(folder: Path, repeats: int) -> dict[str, Any]:
    """Peak memory and seconds of the whole command, by rows: once each, as memory hardly varies."""
    points = []
    for ending in ("csv", "parquet"):
        for rows in LENGTHS:
            table, out = folder / f"{rows}.{ending}", folder / f"out.{ending}"
            command = [*SWEEP, "predict", str(model_of(folder)), str(table), "--out", str(out), "--keep", "id"]
            started = time.perf_counter()
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0
            took = time.perf_counter() - started
            points.append({"format": ending, "rows": rows, "seconds": took, "peak": usage.ru_maxrss * 1024})
            print(f"  {ending}, {rows:,} rows: {usage.ru_maxrss / 1024:.0f} MiB", file=sys.stderr)
    return {"points": points}


def weights(folder: Path, repeats: int) -> dict[str, Any]:
    """Seconds of `sweep weights`, and of processes that import click, and Polars, which it needs to read a table."""
    commands = {
        "sweep weights": (*SWEEP, "weights", str(TABLE), "--target", "diagnosis", "--missing", "?"),
        "import click": (sys.executable, "-c", "import click"),
        "import polars": (sys.executable, "-c", "import polars"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(repeats + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return {"seconds": seconds}


def formats(folder: Path, repeats: int) -> dict[str, Any]:
    """The largest difference of a probability that `sweep export` found, by format, ensemble and single network."""
    found: dict[str, list[float]] = {}
    for name in FORMATS:
        for one in ([], ["--single"]):
            to = folder / "exports" / f"{name}{len(one)}"
            command = [*SWEEP, "export", NAME, "--root", str(folder), "--to", str(to), "--format", name, *one]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            said = re.search(r"differs by (\S+) at most over (\d+) rows", done.stdout)
            assert said is not None, done.stdout
            found.setdefault(name, []).append(float(said[1]))
    return {"difference": found, "rows": int(said[2])}


def machine() -> dict[str, Any]:
    """What it ran on."""
    info = Path("/proc/cpuinfo")
    name = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return {
        "processor": name[1] if name else platform.processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{package: version(package) for package in ("tensorflow", "keras", "polars", "onnxruntime")},
    }


PARTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "predict": predict,
    "memory": memory,
    "weights": weights,
    "formats": formats,
}


def main() -> None:
    """Measure what is asked for, and write."""
    from report import table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="measure this part; default: all")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each measurement")
    options = parser.parse_args()
    file = HERE / "result.json"
    result = json.loads(file.read_text()) if file.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        for name in options.part or PARTS:
            print(name, file=sys.stderr)
            result[name] = PARTS[name](Path(folder), options.repeats)
            result["machine"] = machine()
            file.write_text(json.dumps(result, indent=1) + "\n")
    (HERE / "table.md").write_text(table(result))


if __name__ == "__main__":
    main()
