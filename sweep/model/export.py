"""Export a model: written beside its place, reloaded, compared with the model on real rows, and only then put there."""

import json
import math
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit

from sweep.class_weight import undo_weights, weights_of_ratio
from sweep.data.schema import Schema
from sweep.errors import InputError, RunError, SweepError
from sweep.files import beside
from sweep.model.card import CARD, EXTRA
from sweep.model.formats import FORMATS, check_format
from sweep.model.inputs import MISSING
from sweep.model.layers import Delivered, ensemble, raw_columns, stack_of
from sweep.model.model_card import render_model_card
from sweep.model.numpy_reader import score
from sweep.stack.backend import keras, quiet_libraries, tf
from sweep.stack.preprocessing import HIGH, LOW, OF_TREE, Standardise

README = "README.md"
ROWS = 4096  # compared, at most
TOLERANCE = 1e-5  # of a probability
STEPS = [
    "A column of kind number is one column of X, NaN where missing; one of kind category is a column a level, 1 where "
    "the row has that level and else 0. A missing category is the level '' (if listed); any other level is all 0.",
    "X = clip((X - centre) * scale, -1e6, 1e6) in double precision, then single precision; NaN stays NaN.",
]
OUTPUTS = {  # by name: the formats give them in orders of their own
    "probability": "(rows, 1) float32: of the positive class, the class weights undone",
    "decision": "(rows, 1) int32: 1 for the positive class, by the threshold exported",
}
Compared = tuple[np.ndarray, np.ndarray]


def export(model: Delivered, to: Path, *, format: str = "keras", frame: pl.DataFrame) -> dict[str, Any]:
    """Write a model, its class weights and its card to a folder, if what was written gives what the model gives.

    Parameters
    ----------
    model : Delivered
        As `build` makes it.
    to : Path
        A folder, new or not. It gets the model under its name in `FORMATS`, class_weights.json, card.json, README.md,
        the model card (not in place of a README.md that is there already), and, where a format takes numbers only
        (litert, onnx, npz), preprocessing.json.
    format : one of `FORMATS`
    frame : pl.DataFrame, shape (rows, table columns)
        Real rows, as `read_table` gives them, to compare on.

    Returns
    -------
    dict
        `path` of the model; `difference`, the largest of a probability; `rows` compared.

    Raises
    ------
    InputError
        If the format is unknown or lacks a package, or the folder holds another model.
    RunError
        If the written model gives something else, or cannot be written. Nothing is left behind then.
    """
    to = Path(to)
    check_format(format)
    if not frame.height:
        raise InputError("An export is compared on real rows; got a table of none.")
    card = model.card
    _check_free(to, card)
    rows = frame.gather_every(max(1, math.ceil(frame.height / ROWS)))
    new = [folder for folder in (to, *to.parents) if not folder.exists()]
    stack = ExitStack()
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        part = stack.enter_context(beside(to))
        part.mkdir()
    except OSError as error:
        stack.close()
        raise InputError(f"{to}: a folder must be made there; got: {error.strerror}. Choose another.") from None
    try:
        with quiet_libraries():
            difference = _compare(model, _write(model, part, format)(rows), rows, format)
        _write_json(part / "class_weights.json", weights_of_ratio(card["weight_ratio"], card.get("most", math.nan)))
        _write_json(part / CARD, card)
        if not _is_foreign(to / README, to / CARD):
            (part / README).write_text(render_model_card(card, format), encoding="utf-8")
        to.mkdir(exist_ok=True)
        for file in sorted(part.iterdir(), key=lambda file: file.name == FORMATS[format]):  # the model comes last
            if (to / file.name).is_dir():
                shutil.rmtree(to / file.name)
            os.replace(file, to / file.name)
    except OSError as error:
        raise RunError(f"{to}: the export cannot be written: {error.strerror or error}.") from None
    except SweepError:
        raise
    except Exception as error:  # a converter can fail anywhere in its library
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise RunError(f"{to}: the model cannot be written as {format} ({reason}); take another format.") from error
    finally:
        stack.close()
        for folder in new:  # those that stayed empty, from the innermost out
            with suppress(OSError):
                folder.rmdir()
    return {"path": to / FORMATS[format], "difference": difference, "rows": rows.height}


def _is_foreign(readme: Path, card: Path) -> bool:
    """Check whether a README.md is somebody else's, which stays as it is: no export lies beside it."""
    return readme.exists() and not card.exists()


def _check_free(to: Path, card: dict[str, Any]) -> None:
    if to.exists() and not to.is_dir():
        raise InputError(f"{to}: an export goes to a folder; this is a file.")
    ours = (*FORMATS.values(), "class_weights.json", "preprocessing.json", CARD)
    found = [name for name in ours if (to / name).exists()]
    try:
        same = json.loads((to / CARD).read_text(encoding="utf-8")) == card
    except (OSError, ValueError, RecursionError):
        same = False
    if found and not same:
        raise InputError(f"{to}: holds {found[0]} of another model; export to a new folder, or take this one away.")


def _write(model: Delivered, to: Path, format: str) -> Callable[[pl.DataFrame], Compared]:
    """Write the model and return what the reloaded one gives for a table: probability and decision, each (rows,)."""
    path = to / FORMATS[format]
    if format == "keras":
        model.save(path)
        reloaded = keras.models.load_model(path)
        return lambda rows: _pair(reloaded(raw_columns(model.features, rows)))
    if format == "tf_saved_model":
        model.export(path, format=format, verbose=False)
        (path / EXTRA).mkdir()
        _write_json(path / EXTRA / CARD, model.card)
        served = tf.saved_model.load(str(path))
        return lambda rows: _pair(served.serve(raw_columns(model.features, rows)))
    first = stack_of(model).layer
    steps = {
        "steps": STEPS,
        "columns": [_column(column, _expected(model)) for column in model.card["features"]["columns"]],
        "X": list(model.features.names),
        "centre": first.centre[0].tolist(),
        "scale": first.scale[0].tolist(),
        "outputs": OUTPUTS,
    }
    _write_json(to / "preprocessing.json", steps)
    if format == "npz":
        _write_npz(model, path)
        return lambda rows: score(to, {k: _plain(v) for k, v in raw_columns(model.features, rows).items()})

    def prepared(rows: pl.DataFrame) -> np.ndarray:
        X = (model.features.transform(rows) - first.centre) * first.scale
        x: np.ndarray = np.clip(X, -1e6, 1e6).astype(np.float32)
        return x

    numeric = _numeric(model)
    numeric(np.zeros((1, len(first.centre[0])), np.float32))  # ONNX takes a model that was called
    numeric.export(path, format=format, verbose=False)
    run = {"onnx": _run_onnx, "litert": _run_litert}[format](path)
    return lambda rows: _pair(run(prepared(rows)))


def _column(entry: dict[str, Any], expected: dict[str, str]) -> dict[str, Any]:
    """Describe a raw column; `is` says which number is expected where the table holds a date or a bound."""
    says = {"is": expected[entry["name"]]} if entry["name"] in expected else {}
    return {**entry, **says, "levels": [MISSING if level is None else level for level in entry["levels"]]}


def _expected(model: Delivered) -> dict[str, str]:
    schema = model.card.get("schema")
    return {} if schema is None else Schema.from_dict(schema).expected()


def _numeric(model: Delivered) -> "keras.Model":
    """Take the model without its raw columns: from X, centred and scaled already, (rows, features) float32."""
    stack = stack_of(model)
    x = keras.Input((stack.features,), dtype="float32", name="X")
    as_it_is = replace(stack.layer, centre=np.zeros((1, stack.features)), scale=np.ones((1, stack.features)))
    first = Standardise.of(as_it_is, precision="float32")
    return keras.Model(x, model.get_layer("decide")(ensemble(stack)(first(x))))


def _write_npz(model: Delivered, path: Path) -> None:
    stack, card = stack_of(model), model.card
    kernels, biases = stack.parameters[::2], stack.parameters[1::2]
    arrays: dict[str, Any] = {f"kernel_{i}": kernel for i, kernel in enumerate(kernels)}
    arrays |= {f"bias_{i}": bias for i, bias in enumerate(biases)}
    arrays |= {"indicators": stack.layer.indicators, "announced": stack.layer.announced[0]}
    bins = {"edge": stack.layer.edge[0], "slope": stack.layer.slope[0], "low": LOW, "high": HIGH}
    arrays |= {"numbers": stack.layer.numbers, **{f"bin_{name}": array for name, array in bins.items()}}
    arrays |= {f"tree_{name}": getattr(stack.layer, name)[0] for name in OF_TREE}
    arrays |= {"layers": len(kernels), "weight_ratio": card["weight_ratio"]}
    arrays |= {"threshold": np.float32(card["logit_threshold"])}
    arrays |= dict(zip(("intercept", "slope"), card["calibration"], strict=True))
    np.savez(path, **arrays)


def _run_onnx(path: Path) -> Callable[[np.ndarray], dict[str, Any]]:
    session = import_module("onnxruntime").InferenceSession(  # an extra
        str(path), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return lambda X: dict(zip(names, session.run(names, {session.get_inputs()[0].name: X}), strict=True))


def _run_litert(path: Path) -> Callable[[np.ndarray], dict[str, Any]]:
    resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = tf.lite.Interpreter(str(path), experimental_op_resolver_type=resolver)
    runner = interpreter.get_signature_runner()
    return lambda X: runner(X=X)


def _plain(value: Any) -> np.ndarray:
    flat = value.numpy()[:, 0]
    return flat if flat.dtype == np.float64 else np.array([text.decode() for text in flat], dtype=str)


def _pair(outputs: dict[str, Any]) -> Compared:
    return tf.constant(outputs["probability"]).numpy()[:, 0], tf.constant(outputs["decision"]).numpy()[:, 0]


def _compare(model: Delivered, got: Compared, rows: pl.DataFrame, format: str) -> float:
    """Compute the largest difference of a probability; RunError where it, or a decision off the threshold, differs."""
    (p, called), (p_got, called_got) = _pair(model(raw_columns(model.features, rows))), got
    card = model.card
    at = expit(undo_weights(card["logit_threshold"], card["weight_ratio"], card["calibration"]))
    difference = np.abs(p_got - p)
    wrong = ~(difference <= TOLERANCE) | ((called != called_got) & (np.abs(p - at) > TOLERANCE))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise RunError(
            f"The {format} export must give what the model gives; in {int(wrong.sum())} of {len(p)} rows it does not "
            f"(probability {p_got[row]:.6g} for {p[row]:.6g}). Nothing was written; export to another format."
        )
    return float(difference.max())


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
