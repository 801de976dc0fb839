"""A delivered model opened from its file, to score tables with: log-odds and decision of each row."""

import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep.class_weight import undo_weights
from sweep.data.features import Features
from sweep.data.readings import Reading
from sweep.data.schema import Schema
from sweep.errors import ModelError
from sweep.model.archive import check_archive
from sweep.model.card import card_of
from sweep.model.layers import Delivered, raw_columns
from sweep.model.saved_model import check_saved_model
from sweep.stack.backend import keras, quiet_libraries, tf

ROWS = 2**16  # at once


class Scorer(ABC):
    """A model that scores tables.

    Attributes
    ----------
    card : dict
        What the model says of itself.
    features : Features
        The columns that it takes.
    schema : Schema
        How a table's columns are read as these.
    """

    def __init__(self, card: dict[str, Any]) -> None:
        self.card = card
        self.features = Features.from_dict(card["features"])
        names = [column.name for column in self.features.columns]
        if "schema" in card:
            self.schema = Schema.from_dict(card["schema"]).select(names)
        else:  # a model that was built by hand
            readings = (Reading(column.name, column.kind, marked=True) for column in self.features.columns)
            self.schema = Schema(tuple(readings), tuple(card.get("missing", ())))

    @abstractmethod
    def score(self, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Give the log-odds, (rows,) float64, with the weights undone, and the decision, (rows,) int8, of a table."""

    def shift(self, prevalence: float) -> float:
        """Compute what to add to log-odds of the training prevalence, so that they hold at another one."""
        try:
            share = self.card["positives"] / self.card["rows"]
            return math.log(prevalence / (1 - prevalence)) - math.log(share / (1 - share))
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            raise ModelError("The model's card does not say what share of its training rows was positive.") from None


class KerasScorer(Scorer):
    """A .keras file: the table's columns become X here, and the model's own layers go on from there, as one graph."""

    def __init__(self, model: Delivered) -> None:
        super().__init__(model.card)
        first, networks = model.get_layer("standardise"), model.networks
        spec = tf.TensorSpec([None, len(self.features.names)], tf.float64)
        self.mean_logit = tf.function(lambda X: networks(first(X)), input_signature=[spec])

    def score(self, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """See `Scorer`."""
        X = self.features.transform(frame)
        parts = [self.mean_logit(tf.constant(X[at : at + ROWS])).numpy()[:, 0] for at in range(0, len(X), ROWS)]
        logits = np.concatenate(parts)
        log_odds = undo_weights(logits.astype(np.float64), self.card["weight_ratio"], self.card["calibration"])
        return log_odds, (logits > np.float32(self.card.get("logit_threshold", 0.0))).astype(np.int8)


class SavedModelScorer(Scorer):
    """A SavedModel, which computes from raw columns."""

    def __init__(self, card: dict[str, Any], model: Any) -> None:
        super().__init__(card)
        self.model = model

    def score(self, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """See `Scorer`."""
        outputs = self.model.serve(raw_columns(self.features, frame))
        p = outputs["probability"].numpy()[:, 0].astype(np.float64)
        with np.errstate(divide="ignore"):  # a probability of 0 or 1 has infinite log-odds
            log_odds = np.log(p) - np.log1p(-p)
        return log_odds, outputs["decision"].numpy()[:, 0].astype(np.int8)


def load_keras(path: Path) -> Delivered:
    """Load a .keras file, if it is made as ours are, in Keras' safe mode, which runs no code of the file."""
    check_archive(path)
    model: Delivered = keras.models.load_model(path, compile=False, safe_mode=True)
    return model


def open_model(path: str | Path) -> Scorer:
    """Open a model that this package exported: a .keras file, a SavedModel, or a folder that holds one of them.

    A .keras file is loaded in Keras' safe mode, which runs no code of the file. A SavedModel is a program for
    TensorFlow: it is loaded if it has no other operations than this package's exports.

    Raises
    ------
    ModelError
        If there is no such model, or it is damaged or foreign.
    """
    path = Path(path)
    card = card_of(path)
    places = [path] if path.suffix == ".keras" else [path / "model.keras", path, path / "saved_model"]
    place = next(
        (p for p in places if (p.suffix == ".keras" and p.is_file()) or (p / "saved_model.pb").is_file()), None
    )
    if place is None:
        raise ModelError(f"{path}: predict takes model.keras, saved_model/ or a folder of one of them; export to such.")
    try:
        if place.suffix == ".keras":
            return KerasScorer(load_keras(place))
        with quiet_libraries():
            check_saved_model(place)
            return SavedModelScorer(card, tf.saved_model.load(str(place)))
    except ModelError:
        raise
    except Exception as error:  # a damaged model can fail anywhere in its reader
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise ModelError(f"{place}: the model cannot be loaded ({reason}); export it again.") from None
