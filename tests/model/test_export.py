"""Each export gives what the model gives, or leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import sweep.model.export
import sweep.model.formats
import sweep.model.numpy_reader
from sweep.errors import InputError, ModelError, RunError
from sweep.model.card import card_of
from sweep.model.export import export
from sweep.model.formats import FORMATS
from sweep.model.layers import build, raw_columns
from sweep.stack.backend import tf
from sweep.stack.network import Stack

ELSEWHERE = """
import json, sys
sys.modules["sweep"] = None  # not importable
import tensorflow as tf
columns = json.load(open("columns.json"))
number = {name: tf.float64 for name, values in columns.items() if isinstance(values[0][0], float)}
columns = {name: tf.constant(values, number.get(name, tf.string)) for name, values in columns.items()}
model = tf.saved_model.load("out/saved_model")
served = model.serve(columns)
del sys.modules["sweep"]
import sweep.model.layers
import keras
loaded = keras.models.load_model("best/model.keras")(columns)
json.dump([{name: v.numpy()[:, 0].tolist() for name, v in out.items()} for out in (served, loaded)], sys.stdout)
"""

NUMPY_ALONE = """
import json, sys
sys.modules["sweep"] = sys.modules["tensorflow"] = sys.modules["keras"] = None
from numpy_reader import score
columns = {name: [row[0] for row in rows] for name, rows in json.load(open("columns.json")).items()}
probability, decision = score("out", columns)
json.dump([probability.tolist(), decision.tolist()], sys.stdout)
"""


def as_json(features: Any, frame: Any) -> Any:
    columns = raw_columns(features, frame)
    text = {name: v.numpy().tolist() for name, v in columns.items()}
    return {n: [[c.decode() if isinstance(c, bytes) else c for c in row] for row in rows] for n, rows in text.items()}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_what_the_model_gives(
    name: Any, model: Any, plain: Any, additive: Any, boosted: Any, features: Any, card: Any, frame: Any, tmp_path: Path
) -> None:
    """Else someone decides by a file that is not the model. The largest difference is printed for the record."""
    done = export(model, tmp_path / "out", format=name, frame=frame)
    print(f"{name}: largest difference of a probability {done['difference']:.1e} on {done['rows']} rows")
    assert done["path"] == tmp_path / "out" / FORMATS[name]
    assert done["path"].exists()
    assert done["difference"] <= 1e-6
    assert done["rows"] == frame.height
    one = build(plain.take([0]), features, weight_ratio=1.0, card=card)  # and without bins
    assert export(one, tmp_path / "one", format=name, frame=frame)["difference"] <= 1e-6
    shallow = build(additive.take([0, 1]), features, weight_ratio=1.0, card=card)  # and without a hidden layer
    assert export(shallow, tmp_path / "shallow", format=name, frame=frame)["difference"] <= 1e-6
    trees = build(boosted.take([0, 1]), features, weight_ratio=1.0, card=card)  # and with boosted trees
    assert export(trees, tmp_path / "trees", format=name, frame=frame)["difference"] <= 1e-6

    weights = json.loads((tmp_path / "out" / "class_weights.json").read_text())
    assert weights == {"0": 0.6, "1": 3.0, "most": 0.9, "weight_ratio": 5.0, "scale_pos_weight": 5.0}
    assert card_of(done["path"]) == card_of(tmp_path / "out") == model.card
    assert {path.name for path in tmp_path.iterdir()} == {"out", "one", "shallow", "trees"}


def test_runs_where_sweep_is_not_installed(
    model: Any, features: Any, frame: Any, delivered: Any, expected: Any, tmp_path: Path
) -> None:
    """Else a SavedModel needs this package to run, or a .keras file more than an import of the layers."""
    export(model, tmp_path / "out", format="tf_saved_model", frame=frame)
    (tmp_path / "best").symlink_to(delivered)
    (tmp_path / "columns.json").write_text(json.dumps(as_json(features, frame)))
    run = subprocess.run([sys.executable, "-c", ELSEWHERE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    for out in json.loads(run.stdout):
        np.testing.assert_allclose(out["probability"], expected(frame)[0], atol=1e-6)
        np.testing.assert_array_equal(out["decision"], expected(frame)[1])


def test_npz_is_read_in_numpy_alone(model: Any, features: Any, frame: Any, expected: Any, tmp_path: Path) -> None:
    """Else the twenty lines that the documentation shows do not work by themselves."""
    export(model, tmp_path / "out", format="npz", frame=frame)
    source = Path(sweep.model.numpy_reader.__file__).read_text()
    (tmp_path / "numpy_reader.py").write_text(source)
    (tmp_path / "columns.json").write_text(json.dumps(as_json(features, frame)))
    run = subprocess.run([sys.executable, "-c", NUMPY_ALONE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    p, decision = json.loads(run.stdout)
    np.testing.assert_allclose(p, expected(frame)[0], atol=1e-6)
    np.testing.assert_array_equal(decision, expected(frame)[1])


@pytest.mark.parametrize("name", ["onnx", "litert"])
def test_preprocessing_json_is_enough_to_feed_a_format_of_numbers(
    name: str, model: Any, features: Any, frame: Any, expected: Any, tmp_path: Path
) -> None:
    """Else whoever has the file and its documentation only puts other numbers into the network."""
    export(model, tmp_path / "out", format=name, frame=frame)
    columns = {column: np.array([row[0] for row in rows]) for column, rows in as_json(features, frame).items()}
    x = sweep.model.numpy_reader.prepare(tmp_path / "out", columns)
    path = str(tmp_path / "out" / FORMATS[name])
    steps = json.loads((tmp_path / "out" / "preprocessing.json").read_text())
    wanted = list(steps["outputs"])
    if name == "onnx":
        outputs = dict(zip(wanted, onnxruntime.InferenceSession(path).run(wanted, {"X": x}), strict=True))
    else:
        with pytest.warns(UserWarning, match="LiteRT interpreter"):
            outputs = tf.lite.Interpreter(path).get_signature_runner()(X=x)
    np.testing.assert_allclose(outputs["probability"][:, 0], expected(frame)[0], atol=1e-6)
    np.testing.assert_array_equal(outputs["decision"][:, 0], expected(frame)[1])
    assert len(steps["X"]) == len(steps["centre"]) == len(steps["scale"]) == x.shape[1]


@pytest.mark.parametrize("wrong", ["probability", "decision", "nan", "failure"])
def test_a_difference_leaves_nothing_behind(
    wrong: str, model: Any, frame: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a broken file stays where a good one is expected."""
    write = sweep.model.export._write

    def spoiled(*args: Any) -> Any:
        run = write(*args)

        def score(rows: Any) -> Any:
            p, decision = (part.copy() for part in run(rows))
            if wrong == "failure":
                raise ValueError("the runtime rejects the file\nin many lines")
            if wrong == "decision":
                decision[7] = 1 - decision[7]
            else:
                p[7] = np.nan if wrong == "nan" else p[7] + 1e-3
            return p, decision

        return score

    monkeypatch.setattr(sweep.model.export, "_write", spoiled)
    with pytest.raises(RunError) as raised:
        export(model, tmp_path / "new" / "folder" / "out", format="npz", frame=frame)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_another_model_is_not_overwritten(
    model: Any, stack: Stack, features: Any, card: Any, frame: Any, tmp_path: Path
) -> None:
    """Else an export destroys a model, or leaves a folder with two models and one class_weights.json."""
    (tmp_path / "notes.txt").write_text("mine")
    export(model, tmp_path, format="npz", frame=frame)
    export(model, tmp_path, format="npz", frame=frame)  # the same model may be written again
    other = build(stack.take([2]), features, weight_ratio=1.0, card=card)
    with pytest.raises(InputError, match="of another model"):
        export(other, tmp_path, format="keras", frame=frame)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(InputError, match="this is a file"):
        export(model, tmp_path / "notes.txt", format="npz", frame=frame)


def test_says_what_is_wrong_with_the_request(
    model: Any, frame: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a user without the extra sees an ImportError from inside a converter."""
    with pytest.raises(InputError, match="format must be one of keras, tf_saved_model"):
        export(model, tmp_path / "out", format="tflite", frame=frame)
    with pytest.raises(InputError, match="real rows"):
        export(model, tmp_path / "out", frame=frame.clear())
    monkeypatch.setattr(sweep.model.formats, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "balance-sweep\[onnx\]"'):
        export(model, tmp_path / "out", format="onnx", frame=frame)
    assert list(tmp_path.iterdir()) == []


def test_a_card_is_asked_of_a_model_only(delivered: Any, tmp_path: Path) -> None:
    """Else a foreign or damaged file gives a traceback."""
    damaged = tmp_path / "damaged.keras"
    damaged.write_bytes((delivered / "model.keras").read_bytes()[:5000])
    (tmp_path / "model.onnx").write_bytes(b"x")
    for path in (damaged, tmp_path / "model.onnx", tmp_path / "none"):
        with pytest.raises(ModelError):
            card_of(path)
