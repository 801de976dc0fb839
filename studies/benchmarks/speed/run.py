"""The speed benchmark, one command: measures, and writes result.json, table.md and speed.png beside this file.

    python studies/benchmarks/speed/run.py [--part loop|jax|matmul|growth|study|overhead]... [--million] [--repeats 5]

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
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from sides import BATCH

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "data"
LONG, SHORT = 9, 1  # epochs; a network-epoch is the difference of their times / 8 / networks
WIDTHS = (32, 64, 128, 256)
BATCHES, BY_WIDTH = (64, 128, 256), (32, 64, 256)  # at which JAX is measured


class Side:
    """A process that measures; see sides.py."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, str(HERE / "sides.py"), name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, do: str, **task: Any) -> dict[str, Any]:
        """Measure one task."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **task}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """End the process."""
        self.process.communicate()


def loop(repeats: int) -> dict[str, Any]:
    """Seconds a network and epoch: the stack, and the ways in which users train the same networks today."""
    sweep, keras = Side("sweep"), Side("keras")
    ways: dict[str, tuple[int, Callable[[int], dict[str, float]]]] = {
        "sweep.train": (10, lambda e: sweep("train", epochs=e)),
        "Keras loop, same batch": (2, lambda e: keras("train", epochs=e, networks=2, batch_size=BATCH)),
        "Keras loop, tuned": (2, lambda e: keras("train", epochs=e, networks=2, batch_size=BATCH, tuned=True)),
        "Keras loop, its defaults": (1, lambda e: keras("train", epochs=e, networks=1, batch_size=None)),
        "Keras loop, lighter network, same batch": (
            2,
            lambda e: keras("train", epochs=e, networks=2, batch_size=BATCH, light=True),
        ),
        "Keras loop, lighter network, batch of 32": (
            1,
            lambda e: keras("train", epochs=e, networks=1, batch_size=None, light=True),
        ),
        "KerasTuner, its defaults": (1, lambda e: keras("tuner", epochs=e)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeats + 1):
        for name, (networks, way) in ways.items():
            far, near = way(LONG), way(SHORT)
            took, used = ((far[k] - near[k]) / (LONG - SHORT) / networks for k in ("seconds", "cpu"))
            if turn:  # the first turn traces and warms up
                seconds[name].append(took)
                cpu[name].append(used)
            print(f"  {name}: {1e3 * took:.1f} ms", file=sys.stderr)
    sweep.end(), keras.end()
    return {"seconds": seconds, "cpu": cpu}


def jax(repeats: int) -> dict[str, Any]:
    """How many times as fast as JAX the stack is, by batch and width: (JAX's seconds an epoch) / (ours), each turn."""
    sweep, other = Side("sweep"), Side("jax")
    faster: dict[str, list[float]] = {}
    for batch_size, width in product(BATCHES, BY_WIDTH):
        faster[f"{batch_size}, {width}"] = found = []
        for turn in range(repeats + 1):
            took = []
            for side in (sweep, other):
                far, near = (
                    side("train", epochs=e, width=width, batch_size=batch_size)["seconds"] for e in (LONG, SHORT)
                )
                took.append(far - near)
            if turn:  # the first turn compiles
                found.append(took[1] / took[0])
        print(f"  batches of {batch_size}, width {width}: {median(found):.2f}", file=sys.stderr)
    sweep.end(), other.end()
    return {"faster": faster}


def matmul(repeats: int) -> dict[str, Any]:
    """The share of the machine's matrix-product rate, by width."""
    sweep, keras = Side("sweep"), Side("keras")
    share: dict[str, list[float]] = {str(w): [] for w in WIDTHS}
    rates = []
    for turn in range(repeats + 1):
        for width in WIDTHS:
            rates.append(keras("rate")["rate"])
            far, near = (sweep("train", epochs=e, width=width)["seconds"] for e in (17, 1))
            took = (far - near) / 16
            operations = 10 * 9362 * (4 * 30 * width + 6 * width**2 + 6 * width)
            if turn:
                share[str(width)].append(operations / took / rates[-1])
    sweep.end(), keras.end()
    return {"share": share, "rate": median(rates)}


def growth(repeats: int, *, million: bool) -> dict[str, Any]:
    """Seconds a row, column and epoch, and peak memory, a new process a point."""
    points = [{"rows": 10_000}, {"rows": 100_000}, *([{"rows": 1_000_000}] if million else [])]
    points += [{"columns": c} for c in (5, 20, 50, 200)] + [{"features": f} for f in (10, 100, 500, 2000)]
    results = []
    for point in points:
        shape = {"rows": 10_000, "columns": 10, "features": 30, **point}
        took = []
        for _ in range(1 if shape["rows"] > 100_000 else min(3, repeats)):
            side = Side("sweep")
            side("train", **{**shape, "rows": 1000}, epochs=1)
            short, far = side("train", **shape, epochs=1), side("train", **shape, epochs=5)
            took.append((far["seconds"] - short["seconds"]) / 4 / shape["rows"] / shape["columns"])
            side.end()
        results.append({**shape, "seconds": took, "peak": far["peak"], "X": far["X"]})
        print(f"  {shape}: {1e9 * median(took):.0f} ns, {far['peak'] / 2**20:.0f} MiB", file=sys.stderr)
    return {"points": results}


def study(repeats: int, keep: Callable[[dict[str, Any]], None], trials: int = 12, epochs: int = 20) -> dict[str, Any]:
    """A whole study of seed-1, in turn: `sweep run` and a plain Optuna + Keras script; trials, folds, epochs alike.

    A turn takes about eight minutes; `keep` is given what there is after each.
    """
    turns: dict[str, list[dict[str, float]]] = {"sweep": [], "plain": []}
    for _ in range(repeats):
        turns["sweep"].append(study_of_sweep(trials, epochs))
        plain = [sys.executable, str(HERE / "plain.py"), *(str(DATA / f"seed-1-{p}.csv") for p in ("train", "test"))]
        out = subprocess.run([*plain, str(trials), str(epochs)], check=True, capture_output=True, text=True).stdout
        turns["plain"].append(json.loads(out))
        print("  " + ", ".join(f"{name} {t[-1]['seconds']:.1f} s" for name, t in turns.items()), file=sys.stderr)
        keep({**turns, "trials": trials})
    return {**turns, "trials": trials}


def study_of_sweep(trials: int, epochs: int) -> dict[str, float]:
    """One `sweep run`, a process of its own: seconds of the whole and of its phases, scores."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        settings = (
            f'name = "s"\n[data]\npath = "{DATA}/seed-1-train.csv"\ntest = "{DATA}/seed-1-test.csv"\n'
            'target = "y"\npositive = "1"\n'
            f"[search]\ntrials = {trials}\n[training]\nrepeats = 1\nepochs = {epochs}\n"
        )
        (root / "s.toml").write_text(settings)
        command = [sys.executable, "-m", "sweep", "run", str(root / "s.toml"), "--root", folder, "--quick"]
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        whole = time.perf_counter() - started
        result = json.loads((root / "studies" / "s" / "result.json").read_text())
    tp, fp, fn = (result["test"]["counts"][k] for k in ("tp", "fp", "fn"))
    best = result["selected"]["corrected"]["score"]
    return {"seconds": whole, **result["seconds"], "best": best, "test": tp / max(tp + fp, tp + fn)}


def overhead(repeats: int) -> dict[str, Any]:
    """Memory over trials, tracing, and start-up."""
    side = Side("sweep")
    held = side("trials", count=200)["held"]
    side.end()
    side = Side("sweep")
    tracing = side("study", count=50, epochs=20)
    side.end()
    codes = {
        "import tensorflow": "import tensorflow",
        "import click": "import click",
        "sweep --help": "import sweep.cli; sweep.cli.cli(['--help'], standalone_mode=False)",
    }
    took: dict[str, list[float]] = {name: [] for name in (*codes, "sweep run")}
    for _ in range(max(5, repeats)):
        for name, code in codes.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            took[name].append(time.perf_counter() - started)
        took["sweep run"].append(first_trial())
    return {"held": held, "tracing": tracing, "start": took}


def first_trial() -> float:
    """Seconds from the start of `sweep run` to its first trial: the table is read, the time estimated."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sweep", "run", str(DATA.parent / "seed-1.toml"), "--root", folder]
        started = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("search:"):
                break
        took = time.perf_counter() - started
        process.terminate()
        process.communicate()
    return took


def machine() -> dict[str, Any]:
    """What it ran on."""
    info = Path("/proc/cpuinfo")
    name = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    packages = ("tensorflow", "keras", "numpy", "optuna", "keras-tuner")
    return {
        "processor": name[1] if name else platform.processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def main() -> None:
    """Measure what is asked for, and write."""
    from report import draw, table

    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "loop": lambda: loop(options.repeats),
        "jax": lambda: jax(options.repeats),
        "matmul": lambda: matmul(options.repeats),
        "growth": lambda: growth(options.repeats, million=options.million),
        "study": lambda: study(options.repeats, lambda measured: keep("study", measured)),
        "overhead": lambda: overhead(options.repeats),
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=parts, help="measure this part; default: all")
    parser.add_argument("--million", action="store_true", help="growth up to a million rows")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each measurement")
    options = parser.parse_args()
    file = HERE / "result.json"
    result = json.loads(file.read_text()) if file.exists() else {}

    def keep(name: str, measured: dict[str, Any]) -> None:
        result[name], result["machine"] = measured, machine()
        file.write_text(json.dumps(result, indent=1) + "\n")
        (HERE / "table.md").write_text(table(result))

    for name in options.part or parts:
        print(name, file=sys.stderr)
        keep(name, parts[name]())
    draw(result, HERE / "speed.png")


if __name__ == "__main__":
    main()
