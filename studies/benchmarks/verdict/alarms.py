"""How often alarms, yardsticks and forward validation are right: `python studies/benchmarks/verdict/alarms.py`.

Nothing is searched: each table is read as a run reads it, one small network is cross-validated where a whole model is
needed, and the functions that the verdict goes by are asked. No threshold was chosen on these tables.
Writes results/alarms.json and results/alarms.md.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clean
import numpy as np
import planted
from planted import Planted

from sweep import Spec
from sweep.config import Data, Search, Training
from sweep.data.screening import NUMBERS_ROWS
from sweep.evidence.baselines import compare
from sweep.evidence.boosting import boost_out_of_fold
from sweep.evidence.columns import Alarm, ColumnScore, SourceColumn, find_alarms, score_column, source_columns
from sweep.evidence.leaks import hold_against_rest
from sweep.evidence.yardsticks import Yardstick
from sweep.parallel.workers import Workers
from sweep.pipeline import make_setup
from sweep.prepared import Prepared, origin_of, prepare
from sweep.search.setup import TrialSetup
from sweep.statistics.confusion import average_precision
from sweep.study.params import Params
from sweep.validation import NEVER

OUT = Path(__file__).parent / "results"
NETWORK = Params(0.8, 2, 64)
SAID = {"trees": "better", "networks": "worse"}  # of boosting, where it is right


def read(made: Planted, *, ordered: bool = False) -> Prepared:
    """Read a table as a run does; with `ordered`, with folds by time."""
    data = Data(Path(f"{made.kind}.csv".replace("/", "-")), (planted.TARGET,), "1", time="day" if ordered else None)
    return prepare(Spec("made", data, Search(), Training(repeats=1)), frame=made.table)


def network(data: Prepared, setup: TrialSetup, workers: Workers) -> np.ndarray:
    """Out-of-fold logits of one small network, (scored rows,)."""
    design = setup.cross_validation([NETWORK.most])
    stack = workers.fit(data.X, design, setup.recipe(NETWORK), seed=0)
    logits: np.ndarray = design.out_of_fold(stack.logits(data.X, design.held_out))[:, 0, 0]
    return logits


def columns_of(data: Prepared) -> tuple[SourceColumn, ...]:
    """The source columns, as the verdict has them."""
    return source_columns(data.features, data.X, origin_of(data.table))


@dataclass(frozen=True)
class Looked:
    """A table, and what the alarms with a whole model go by."""

    data: Prepared
    setup: TrialSetup
    columns: tuple[SourceColumn, ...]
    logits: np.ndarray
    whole: float  # the network's average precision
    scores: list[ColumnScore]

    @classmethod
    def at(cls, made: Planted, workers: Workers) -> "Looked":
        """Read a table, and cross-validate the network and each column alone."""
        data = read(made)
        setup, columns = make_setup(data), columns_of(data)
        logits = network(data, setup, workers)
        whole = average_precision(setup.scored.y, logits) or 0.0
        return cls(data, setup, columns, logits, whole, [score_column(c, setup.y, setup.fold_of_row) for c in columns])

    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms by the rule, none withdrawn."""
        return find_alarms(self.scores, self.columns, self.whole)

    def kept(self) -> tuple[Alarm, ...]:
        """The alarms that are not withdrawn."""
        return hold_against_rest(self.alarms(), self.columns, self.setup, self.logits)

    def described(self) -> dict[str, Any]:
        """What is written down of each table."""
        best = max(self.scores, key=lambda of: of.average_precision)
        return {
            "rows": len(self.setup.y),
            "positives": int(self.setup.y.sum()),
            "whole": round(self.whole, 3),
            "best_column": [best.name, round(best.average_precision, 3), round(best.precision_at_half, 3)],
            "before": leaks(self.data.alarms),
        }


def leaks(alarms: Sequence[Alarm]) -> list[str]:
    """The columns of the leak alarms."""
    return [alarm.column for alarm in alarms if alarm.kind == "leak"]


def ask(made: Planted, workers: Workers) -> dict[str, Any]:
    """The alarms before the search and with a whole model, and which of them are about what was not planted."""
    looked = Looked.at(made, workers)
    left_out = [entry["name"] for entry in looked.data.table.columns if entry["why"] == NUMBERS_ROWS]
    found = looked.kept()
    return {
        **looked.described(),
        "leak": leaks(found),
        "index": [*(a.column for a in found if a.kind == "index"), *left_out],
        "says": [a.says for a in found],
    }


def hold_against(made: Planted, workers: Workers) -> dict[str, Any]:
    """The network against boosting, as the verdict names it."""
    data = read(made)
    setup = make_setup(data)
    logits, boosted = network(data, setup, workers), boost_out_of_fold(columns_of(data), setup)
    against = compare(setup, logits, boosted)
    areas = [round(average_precision(setup.scored.y, of) or 0.0, 3) for of in (logits, boosted)]
    difference = [round(v, 3) for v in (against.score.value, against.score.low, against.score.high)]
    return {"boosting": Yardstick(0, 0, against).finding, "average_precision": areas, "difference": difference}


def hold_in_order(made: Planted, workers: Workers) -> dict[str, Any]:
    """Average precision by shuffled folds and by folds in time, over the rows that the latter score."""
    shuffled, ordered = read(made), read(made, ordered=True)
    scored = ordered.fold_of_row != NEVER
    y = ordered.table.y[scored]
    areas = [
        average_precision(y, network(shuffled, make_setup(shuffled), workers)[scored]) or 0.0,
        average_precision(y, network(ordered, make_setup(ordered), workers)) or 0.0,
    ]
    return {
        "shuffled": round(areas[0], 3),
        "forward": round(areas[1], 3),
        "pointed_out": any("--time" in note for note in shuffled.notes),
    }


def right(family: str, made: Planted, found: dict[str, Any]) -> bool:
    """Check whether what was said of a table is right."""
    if family in ("leak", "index"):
        return made.column in found[family]
    if family in SAID:
        return bool(found["boosting"] == SAID[family])
    if family in ("drifting", "steady"):
        return bool(found["forward"] < found["shuffled"])
    return not found["leak"] and not found["index"]


FAMILIES: dict[str, tuple[Callable[[], list[Planted]], Callable[[Planted, Workers], dict[str, Any]]]] = {
    "leak": (planted.leaks, ask),
    "index": (planted.indexes, ask),
    "trees": (planted.for_trees, hold_against),
    "networks": (planted.for_networks, hold_against),
    "drifting": (planted.drifting, hold_in_order),
    "steady": (planted.steady, hold_in_order),
    "clean": (clean.real, ask),
}


def summary(found: list[dict[str, Any]]) -> str:
    """The rates as tables in Markdown."""
    of = {family: [f for f in found if f["family"] == family] for family in FAMILIES}
    others = [f for f in of["leak"] + of["index"] if {*f["leak"], *f["index"]} - {f["column"]}]
    wrong = {f: sum(t["boosting"] == SAID[o] for t in of[f]) for f, o in (("trees", "networks"), ("networks", "trees"))}
    ahead = {
        "trees": sum(t["average_precision"][1] > t["average_precision"][0] for t in of["trees"]),
        "networks": sum(t["average_precision"][0] > t["average_precision"][1] for t in of["networks"]),
    }
    fell = {f: np.mean([t["shuffled"] - t["forward"] for t in of[f]]) for f in ("drifting", "steady")}
    pointed = sum(t["pointed_out"] for t in of["drifting"] + of["steady"])

    def rate(family: str) -> str:
        return f"{sum(t['right'] for t in of[family])} of {len(of[family])}"

    before = sum(t["column"] in t["before"] for t in of["leak"])
    alarmed = [t for t in of["clean"] if not t["right"]]
    lines = [
        "| tables | what counts | so many | beside it |",
        "|---|---|---|---|",
        f"| planted leak | the leak alarm names it | {rate('leak')} | {before} of them before anything is trained |",
        f"| index | the index alarm names it | {rate('index')} | alarms on other columns, these and those above: "
        f"{len(others)} of {len(of['leak'] + of['index'])} tables |",
        *(
            f"| {family} win | boosting is named {SAID[family]} | {rate(family)} | named the opposite: "
            f"{wrong[family]}; ahead in average precision: {ahead[family]} |"
            for family in SAID
        ),
        f"| drift in time | forward below shuffled | {rate('drifting')} | mean fall {fell['drifting']:.3f}; date "
        f"pointed out: {pointed} of {len(of['drifting'] + of['steady'])}, with the next |",
        f"| no drift | forward below shuffled (by chance, and fewer rows) | {rate('steady')} | "
        f"mean fall {fell['steady']:.3f} |",
        f"| clean, real | no alarm | {rate('clean')} | false alarms: {len(alarmed)} of {len(of['clean'])} |",
        "",
        "By kind:",
        "",
        "| tables | kind | right |",
        "|---|---|---|",
    ]
    for family in FAMILIES:
        kinds = dict.fromkeys(t["kind"] for t in of[family]) if family != "clean" else {}
        for kind in kinds:
            some = [t["right"] for t in of[family] if t["kind"] == kind]
            lines.append(f"| {family} | {kind} | {sum(some)} of {len(some)} |")
    lines += ["", "Alarms on clean tables:", "", "| table | network | leak | index | says |", "|---|---|---|---|---|"]
    for t in alarmed:
        says = " ".join(t["says"]).replace("|", "/")
        lines.append(f"| {t['kind']} | {t['whole']} | {', '.join(t['leak'])} | {', '.join(t['index'])} | {says} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure all families and write what came out."""
    found: list[dict[str, Any]] = []
    started = time.perf_counter()
    with Workers() as workers:
        for family, (tables, measured) in FAMILIES.items():
            for made in tables():
                entry = measured(made, workers)
                found.append({"family": family, "kind": made.kind, "column": made.column, **entry})
                found[-1]["right"] = right(family, made, entry)
                print(
                    f"{time.perf_counter() - started:6.0f} s", *(f"{k}={v}" for k, v in found[-1].items()), flush=True
                )
    (OUT / "alarms.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (OUT / "alarms.md").write_text(summary(found), encoding="utf-8")
    print(summary(found))


if __name__ == "__main__":
    main()
