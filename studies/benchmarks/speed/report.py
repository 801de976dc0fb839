"""The benchmark's table and picture, from result.json alone."""

from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure

AGAINST = {  # at least so many times faster than
    "Keras loop, same batch": 15,
    "Keras loop, tuned": 8,
    "Keras loop, its defaults": 50,
    "KerasTuner, its defaults": 80,
    "Keras loop, lighter network, same batch": 15,
    "Keras loop, lighter network, batch of 32": 50,
}
JAX = 1.5
SHARES = {"64": 0.35, "256": 0.55}  # of the matrix-product rate, by width
GIB = 2**30


def goals(result: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Each goal, with its figure, what was asked, and whether it is met."""
    rows: list[tuple[str, str, str, bool]] = []
    if "loop" in result:
        took = {name: median(seconds) for name, seconds in result["loop"]["seconds"].items()}
        for name, goal in AGAINST.items():
            ratio = took[name] / took["sweep.train"]
            rows.append((f"faster than: {name}", f"{ratio:.1f}x", f"{goal}x", ratio >= goal))
    if "jax" in result:
        for name, turns in result["jax"]["faster"].items():
            batch, width = name.split(", ")
            ratio = median(turns)
            text = f"faster than: JAX, `vmap` and `scan`, batches of {batch}, width {width}"
            rows.append((text, f"{ratio:.2f}x", f"{JAX}x", ratio >= JAX))
    if "matmul" in result:
        for width, goal in SHARES.items():
            share = median(result["matmul"]["share"][width])
            rows.append(
                (f"share of the matrix-product rate, width {width}", f"{share:.0%}", f"{goal:.0%}", share >= goal)
            )
    if "growth" in result:
        points = result["growth"]["points"]
        by_rows = [p for p in points if p["columns"] == 10 and p["features"] == 30]
        pace = [median(p["seconds"]) for p in by_rows]
        text = f"time a row and column, {by_rows[0]['rows']:,} to {by_rows[-1]['rows']:,} rows"
        rows.append((text, f"{max(pace) / min(pace):.2f}", "1.3", max(pace) / min(pace) <= 1.3))
        room = max((p["peak"] - GIB) / p["X"] for p in points)
        rows.append(("peak memory less 1 GiB, over the size of X", f"{max(0.0, room):.2f}", "3", room <= 3))
    if "study" in result:
        count = len(result["study"]["plain"])
        ours, plain = (
            {key: median(turn[key] for turn in turns) for key in turns[0]}
            for turns in (result["study"][side] for side in ("sweep", "plain"))
        )
        for name, seconds in (("its trials", ours["search"]), ("all of it, curve and models too", ours["seconds"])):
            ratio = plain["seconds"] / seconds
            text = f"`sweep run` faster than a plain script, median of {count}: {name}"
            rows.append((text, f"{ratio:.1f}x", "20x", ratio >= 20))
        text = f"{ours['test']:.2f} against {plain['test']:.2f}"
        rows.append(("its min(P1, R1) on the test table", text, "no worse", ours["test"] >= plain["test"]))
    if "overhead" in result:
        held, tracing, start = (result["overhead"][k] for k in ("held", "tracing", "start"))
        grown = held[-1] / held[len(held) // 2] - 1
        rows.append(("memory of a process, trial 200 over trial 100", f"{grown:+.1%}", "5%", grown <= 0.05))
        share = tracing["tracing"] / tracing["seconds"]
        rows.append(("tracing, of a study of 50 trials", f"{share:.1%}", "10%", share <= 0.1))
        took = {name: median(seconds) for name, seconds in start.items()}
        for name, base, goal in (("sweep run", "import tensorflow", 1.3), ("sweep --help", "import click", 3)):
            ratio = took[name] / took[base]
            rows.append(
                (f"`{name}` to its first trial or word, over `{base}`", f"{ratio:.2f}", f"{goal}", ratio <= goal)
            )
    return rows


def table(result: dict[str, Any]) -> str:
    """The goals and the figures behind them, as Markdown."""
    lines = ["| goal | measured | asked | met |", "|---|---|---|---|"]
    lines += [f"| {name} | {got} | {asked} | {'yes' if met else '**no**'} |" for name, got, asked, met in goals(result)]
    if "loop" in result:
        lines += [
            "",
            "| way | ms a network and epoch, median | least | most | processor ms, median |",
            "|---|---|---|---|---|",
        ]
        for name, seconds in result["loop"]["seconds"].items():
            figures = [1e3 * f(seconds) for f in (median, min, max)] + [1e3 * median(result["loop"]["cpu"][name])]
            lines.append(f"| {name} | " + " | ".join(f"{ms:.1f}" for ms in figures) + " |")
    if "matmul" in result:
        shares = ", ".join(f"{median(s):.0%} at {w}" for w, s in result["matmul"]["share"].items())
        lines += [
            "",
            f"Share of the matrix-product rate ({result['matmul']['rate'] / 1e9:.0f} Gflop/s) by width: {shares}.",
        ]
    if "growth" in result:
        lines += [
            "",
            "| rows | columns | features | ns a row, column and epoch | peak MiB | X MiB |",
            "|---|---|---|---|---|---|",
        ]
        for p in result["growth"]["points"]:
            sizes = f"| {p['rows']:,} | {p['columns']} | {p['features']} "
            lines.append(
                f"{sizes}| {1e9 * median(p['seconds']):.0f} | {p['peak'] / 2**20:.0f} | {p['X'] / 2**20:.0f} |"
            )
    at = result["machine"]
    packages = ", ".join(f"{name} {value}" for name, value in at.items() if name not in ("processor", "cores", "load"))
    lines += ["", f"On {at['cores']} cores of {at['processor']}, load {at['load']:.1f}; {packages}.", ""]
    return "\n".join(lines)


def draw(result: dict[str, Any], path: Path) -> None:
    """Milliseconds a network and epoch, on a log axis, and nanoseconds by number of rows."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    if "loop" in result:
        took = {name: 1e3 * median(seconds) for name, seconds in result["loop"]["seconds"].items()}
        bars = left.barh(list(took), list(took.values()), color=["#D55E00", *["#999999"] * (len(took) - 1)])
        left.bar_label(bars, [f"{ms:.3g} ms" for ms in took.values()], padding=3)
        left.set(xscale="log", xlabel="ms a network and epoch", xlim=(1, 8 * max(took.values())))
        left.invert_yaxis()
    if "growth" in result:
        points = [p for p in result["growth"]["points"] if p["columns"] == 10 and p["features"] == 30]
        pace = [1e9 * median(p["seconds"]) for p in points]
        right.plot([p["rows"] for p in points], pace, "o-", color="#D55E00")
        right.set(xscale="log", xlabel="rows", ylabel="ns a row, column and epoch")
        right.set_ylim(0, 1.1 * max(pace))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
