"""What the package raises, read from its source: own errors, which the command line turns into one message."""

import ast
from pathlib import Path

import pytest

from sweep import errors

PACKAGE = Path(__file__).parents[1] / "sweep"
MODULES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))
OWN = {name for name in vars(errors) if isinstance(getattr(errors, name), type)}
MAY = {
    "__init__.py": {"AttributeError"},  # of a module's __getattr__, as Python asks for it
    "cli.py": {"KeyboardInterrupt"},  # of a signal
    "sklearn/frames.py": {"TypeError"},  # as scikit-learn's own checks demand
}


def raised(module: str) -> set[str]:
    """Collect the names that a file raises: not again what it caught, what a function made or what is private."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    makers = {f.name for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.returns is not None}
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        name = what.attr if isinstance(what, ast.Attribute) else ast.unparse(what)
        if name not in makers and not name.startswith("_"):
            found.add(name)
    return found


def made(module: str) -> set[str]:
    """Collect what the functions return that a file raises by their name."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    makers = {f.name: ast.unparse(f.returns) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.returns}
    calls = [node.exc.func for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    names = [call.attr if isinstance(call, ast.Attribute) else ast.unparse(call) for call in calls]
    return {makers[name] for name in names if name in makers}


@pytest.mark.parametrize("module", MODULES)
def test_only_own_errors_are_raised(module: str) -> None:
    """If it failed, the command line would let an error through as a traceback, without what to do."""
    imported_makers = {"unusable"}  # of sweep.study.storage, which returns a StudyError
    assert raised(module) - imported_makers <= OWN | MAY.get(module, set())
    assert made(module) <= OWN


def test_wrong_input_is_a_value_error_for_users_of_the_library() -> None:
    """If it failed, code that catches ValueError, as scikit-learn's does, would miss it."""
    assert issubclass(errors.InputError, ValueError)
    for name in ("TableError", "SpecError", "StudyError", "ModelError"):
        assert issubclass(getattr(errors, name), errors.InputError)
