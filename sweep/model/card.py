"""A model's card: what it says of itself, read back from whatever it was exported to. No TensorFlow here."""

import json
import zipfile
from pathlib import Path
from typing import Any

from sweep.errors import ModelError
from sweep.model.archive import check_archive

CARD = "card.json"
EXTRA = "assets.extra"  # the folder of a SavedModel that is its owner's to use


def card_of(path: str | Path) -> dict[str, Any]:
    """Read the card of an exported model.

    Parameters
    ----------
    path : str or Path
        A .keras file (it holds its card), a SavedModel (it too), or another export or its folder (beside it).

    Raises
    ------
    ModelError
        If there is no such model, or it is not one that this package exported.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(f"{path}: there is no such model; give a .keras file or the folder of an export.")
    if path.suffix == ".keras":
        return _inside(path)
    folder = path if path.is_dir() else path.parent
    places = [folder / EXTRA / CARD, folder / "saved_model" / EXTRA / CARD, folder / CARD]
    if (folder / "model.keras").is_file() and path.is_dir():
        return _inside(folder / "model.keras")
    card = next((place for place in places if place.is_file()), None)
    if card is None:
        raise _foreign(path)
    try:
        return dict(json.loads(card.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        raise ModelError(f"{card}: the card is damaged; export the model again.") from None


def _inside(path: Path) -> dict[str, Any]:
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as file:
            config = json.loads(file.read("config.json"))
    except Exception:  # a damaged archive can fail anywhere in its reader
        raise ModelError(f"{path}: not a .keras file, or a damaged one; export the model again.") from None
    try:
        layers = config["config"]["layers"]
        return dict(next(e for e in layers if e["registered_name"] == "sweep>Decide")["config"]["card"])
    except (KeyError, TypeError, StopIteration, ValueError):
        raise _foreign(path) from None


def _foreign(path: Path) -> ModelError:
    return ModelError(f"{path}: not a model that sweep exported; give one that `sweep run` or `sweep export` wrote.")
