"""What a study may be called: its name is that of its folders under studies/ and plots/."""

import re
import unicodedata
from pathlib import Path
from typing import Any

from sweep.errors import SpecError

RESERVED = ("data", "benchmarks")  # folders under studies/ that are not studies


def default_name(path: str | Path) -> str:
    """Name a study after its table."""
    stem = as_name(Path(path).stem)
    return f"{stem}-study".lstrip("-") if stem in RESERVED or not stem else stem


def check_name(name: Any) -> str:
    """Take a study's name, or say why it cannot be one."""
    bad = (
        not isinstance(name, str)
        or not name.strip()
        or name != name.strip()
        or name.startswith((".", "-"))
        or len(name.encode()) > 100
        or bool(set(name) & set('/\\:*?"<>|'))
        or any(unicodedata.category(c)[0] == "C" for c in name)
    )
    if bad:
        raise SpecError(
            f"A study's name must be a plain folder name of at most 100 bytes, without / \\ : * ? \" < > |, control "
            f"characters, or a leading dot or dash; got {name!r}. Choose another with --name."
        )
    if name in RESERVED:
        raise SpecError(f"A study cannot be named {name!r}: studies/{name} holds other things. Choose another --name.")
    return str(name)


def as_name(text: str) -> str:
    """Make of a text what can be part of a name."""
    return re.sub(r"[^\w.+=@~-]+", "-", text).strip(".-")
