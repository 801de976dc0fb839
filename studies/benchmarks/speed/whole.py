"""Whole runs on real and made tables of up to 10,000 rows, beside LightGBM tuned as long as users tune it.

`python studies/benchmarks/speed/whole.py` appends to whole.jsonl and writes whole.md. `sweep run`, 50 trials with
verdict and report, is a process of its own, and so is LightGBM: 50 trials of Optuna, five-fold, its threads on all
cores. The two take turns on `seed-1`. What `sweep run` said beforehand is held against what it took, by phase.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import click
import polars as pl

HERE = Path(__file__).parent
STUDIES = HERE.parents[1]
FILE = HERE / "whole.jsonl"
TRIALS, FOLDS, MEASURED = 50, 5, "seed-1"
FRESH = ("telephone", "parking", "rodents")  # development tables of the quality study, 8,000 rows at most
NAMES = ("seed-1", "hypothyroid", "wine", *FRESH)
PHASES = ("search", "curve", "final", "verdict")


def lightgbm_of_seed_1() -> None:
    """Tune LightGBM on `seed-1`: the other side, run as a process."""
    import lightgbm
    import optuna
    from sklearn.metrics import average_precision_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    table = pl.read_csv(STUDIES / "data" / "seed-1-train.csv")
    y, X = table["y"].to_numpy(), table.drop("y").to_dummies(pl.selectors.string()).to_numpy()
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)

    def objective(trial: optuna.Trial) -> float:
        model = lightgbm.LGBMClassifier(
            n_estimators=trial.suggest_int("n_estimators", 50, 600, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            num_leaves=trial.suggest_int("num_leaves", 4, 64, log=True),
            min_child_samples=trial.suggest_int("min_child_samples", 3, 60, log=True),
            colsample_bytree=trial.suggest_float("colsample_bytree", 0.4, 1.0),
            subsample=trial.suggest_float("subsample", 0.5, 1.0),
            subsample_freq=1,
            reg_lambda=trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
            scale_pos_weight=trial.suggest_float("scale_pos_weight", 1.0, 24.0, log=True),
            random_state=0,
            verbose=-1,
        )
        own = cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1]
        return float(average_precision_score(y, own))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=TRIALS)


def command(name: str, folder: Path) -> list[str]:
    """Give the arguments of `sweep run` for a table."""
    if name not in FRESH:
        return [str(STUDIES / f"{name}.toml")]
    sys.path.insert(0, str(HERE.parent / "quality"))
    import fresh

    fresh.load(name).write_parquet(folder / "table.parquet")
    return [str(folder / "table.parquet"), "--target", fresh.TARGET, "--positive", "1", "--name", "study"]


def seconds_of(text: str) -> float:
    """Read a duration.

    Examples
    --------
    >>> seconds_of("1 min 58 s"), seconds_of("12 s"), seconds_of("2 h 3 min")
    (118.0, 12.0, 7380.0)
    """
    units = {"h": 3600, "min": 60, "s": 1}
    return float(sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+) (h|min|s)", text)))


def timed(arguments: list[str]) -> tuple[dict[str, float], str]:
    """Run a process to its end: its seconds, those of all processors, and its standard error."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": took, "processors": processors}, done.stderr


def run_sweep(name: str) -> dict[str, Any]:
    """Run a study to its end: its seconds, and those that it said beforehand."""
    with tempfile.TemporaryDirectory() as root:
        own = ["-m", "sweep", "run", *command(name, Path(root)), "--trials", str(TRIALS), "--root", root]
        took, errors = timed([sys.executable, *own])
        result = json.loads(next(Path(root).glob("studies/*/result.json")).read_text(encoding="utf-8"))
    said = next(line for line in errors.splitlines() if line.startswith("about "))
    found = {phase: re.search(rf"{phase} ([^,(]+)", said) for phase in PHASES}
    return {
        "side": "sweep", "table": name, **took, "rows": result["data"]["rows"],
        "positives": result["data"]["positives"], "phases": result["seconds"],
        "said": {phase: seconds_of(part[1]) if part else 0.0 for phase, part in found.items()},
        "network": result["selected"].get("network"),
    }  # fmt: skip


def run_lightgbm() -> dict[str, Any]:
    """Time LightGBM's tuning."""
    took, _ = timed([sys.executable, __file__, "--lightgbm"])
    return {"side": "LightGBM", "table": MEASURED, **took}


def summarise(rows: list[dict[str, Any]]) -> str:
    """Write whole.md's text."""
    ours = {name: [r for r in rows if r["side"] == "sweep" and r["table"] == name] for name in NAMES}
    theirs = [r for r in rows if r["side"] == "LightGBM"]
    lines = []
    if theirs and ours[MEASURED]:
        lines += [
            f"`{MEASURED}`, {TRIALS} trials: `sweep run` with verdict and report; LightGBM's tuning, {FOLDS} folds.",
            "",
            "| | turns | seconds, median | processor seconds, median |", "|---|---|---|---|",
        ]  # fmt: skip
        sides = {"`sweep run`": ours[MEASURED], "LightGBM, tuned": theirs}
        both = {side: [median(r[k] for r in of) for k in ("seconds", "processors")] for side, of in sides.items()}
        lines += [f"| {side} | {len(sides[side])} | {both[side][0]:.0f} | {both[side][1]:.0f} |" for side in sides]
        ratios = [a / b for a, b in zip(*both.values(), strict=True)]
        lines += [f"| ratio | | {ratios[0]:.2f} | {ratios[1]:.2f} |", ""]
    lines += [
        f"| table | rows | positives | seconds, whole | {' | '.join(PHASES)} | said | took, of what was said |",
        "|---" * 10 + "|",
    ]  # fmt: skip
    for name, found in ours.items():
        for r in found[:1]:
            took, said = (sum(r[k].values()) for k in ("phases", "said"))
            each = " | ".join(f"{r['phases'][p]:.0f} ({r['said'][p]:.0f})" for p in PHASES)
            whole = f"| {name} | {r['rows']:,} | {r['positives']} | {r['seconds']:.0f} |"
            lines.append(f"{whole} {each} | {said:.0f} | {took / said:.2f} |")
    return "\n".join(
        [*lines, "", "Phases: seconds, in brackets those said beforehand; the first run of each table.", ""]
    )


@click.command()
@click.option("--turns", default=3, help="Of the two sides on the table that is compared.")
@click.option("--table", "tables", multiple=True, type=click.Choice(NAMES), help="Only these tables.")
@click.option("--lightgbm", is_flag=True, hidden=True)
def main(turns: int, tables: tuple[str, ...], lightgbm: bool) -> None:
    """Measure, and write whole.md."""
    if lightgbm:
        lightgbm_of_seed_1()
        return

    def keep(row: dict[str, Any]) -> None:
        with FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        click.echo(f"{row['side']}  {row['table']}  {row['seconds']:.0f} s")

    for name in tables or NAMES:
        for _ in range(turns if name == MEASURED else 1):
            keep(run_sweep(name))
            if name == MEASURED:
                keep(run_lightgbm())
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    (HERE / "whole.md").write_text(summarise(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
