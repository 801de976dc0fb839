"""The delivery benchmark's figures against its goals, as a table; reads result.json's content, measures nothing."""

from statistics import median
from typing import Any

MiB = 2**20


def table(result: dict[str, Any]) -> str:
    """Markdown: each goal met or not, then the figures."""
    lines = ["| goal | measured | asked | met |", "|---|---|---|---|"]
    lines += [
        f"| {goal} | {measured} | {asked} | {'yes' if met else '**no**'} |"
        for goal, measured, asked, met in goals(result)
    ]
    if "predict" in result:
        lines += ["", "| way | rows a second, median | least | most |", "|---|---|---|---|"]
        for name, rates in result["predict"]["rates"].items():
            lines.append(f"| {name} | {median(rates):,.0f} | {min(rates):,.0f} | {max(rates):,.0f} |")
    if "memory" in result:
        lines += ["", "| `sweep predict`, rows | format | seconds, start-up included | peak MiB |", "|---|---|---|---|"]
        for p in result["memory"]["points"]:
            lines.append(f"| {p['rows']:,} | {p['format']} | {p['seconds']:.1f} | {p['peak'] / MiB:.0f} |")
    if "formats" in result:
        lines += ["", "| export | largest difference of a probability, ensemble | single network |", "|---|---|---|"]
        for name, (ensemble, single) in result["formats"]["difference"].items():
            lines.append(f"| {name} | {ensemble:.1e} | {single:.1e} |")
        lines.append(f"\nOn {result['formats']['rows']} rows of `hypothyroid.csv`.")
    at = result["machine"]
    packages = ", ".join(f"{name} {value}" for name, value in at.items() if name not in ("processor", "cores", "load"))
    lines += ["", f"On {at['cores']} cores of {at['processor']}, load {at['load']:.1f}; {packages}.", ""]
    return "\n".join(lines)


def goals(result: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """What is asked, what was measured, and whether that is met."""
    found = []
    if "predict" in result:
        rates = {name: median(rates) for name, rates in result["predict"]["rates"].items()}
        for peer in [name for name in rates if name.startswith("keras")]:
            for own in [name for name in rates if name.startswith("sweep")]:
                times = rates[own] / rates[peer]
                found.append((f"rows a second, {own}, over {peer}", f"{times:.1f}x", "no slower", times >= 1))
    if "memory" in result:
        for ending in ("csv", "parquet"):
            peaks = {p["rows"]: p["peak"] for p in result["memory"]["points"] if p["format"] == ending}
            more = (peaks[2_000_000] - peaks[1_000_000]) / MiB
            found.append(
                (f"memory of a second million rows, {ending}", f"{more:+.0f} MiB", "bounded: 64 MiB", more <= 64)
            )
    if "weights" in result:
        took = {name: median(seconds) for name, seconds in result["weights"]["seconds"].items()}
        own = took["sweep weights"]
        times = ", ".join(f"{own / took[name]:.1f}x `{name}`" for name in ("import click", "import polars"))
        found.append(("`sweep weights`", f"{own:.2f} s, {times}", "1 s", own < 1))
    if "formats" in result:
        most = max(max(pair) for pair in result["formats"]["difference"].values())
        found.append(("largest difference of an export", f"{most:.1e}", "1e-5", most <= 1e-5))
    return found
