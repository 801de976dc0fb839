"""Imports run one way, and heavy packages stay in their rooms: read from the source, and from a new process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sweep"
SHARED = {
    "class_weight",
    "config",
    "document",
    "errors",
    "files",
    "progress",
    "streams",
    "study_folder",
    "temporary_folder",
    "validation",
}  # ground that every user of a run stands on
MAY_USE = {
    "data": {"errors", "validation"},
    "statistics": {"class_weight", "errors", "validation"},
    "stack": {"class_weight", "errors", "files", "validation"},
    "sklearn": {"class_weight", "config", "data", "errors", "files", "stack", "statistics", "validation"},
    "parallel": {"errors", "files", "stack", "temporary_folder"},
    "study": {"stack", "statistics", *SHARED},
    "search": {"parallel", "stack", "statistics", "study", *SHARED},
    "model": {"data", "parallel", "search", "stack", "statistics", *SHARED},
    "evidence": {"data", "parallel", "search", "stack", "statistics", "study", *SHARED},
    "report": {"dashboard", "data", "evidence", "search", "statistics", "study", *SHARED},
    "dashboard": {"study", *SHARED},
}
HOMES = {
    "tensorflow": ("stack/", "model/"),
    "keras": ("stack/", "model/"),
    "optuna": ("study/",),
    "optuna_dashboard": ("dashboard/",),
    "matplotlib": ("report/figures/",),
}
MODULES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))


def imported(module: str) -> set[str]:
    """All modules that a file imports, wherever in it; what only type checkers see left out."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the direction"
            found |= {
                f"{node.module}.{name.name}" if node.module == "sweep" else str(node.module) for name in node.names
            }
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if m.split("/")[0] in MAY_USE])
def test_rooms_use_only_rooms_below(module: str) -> None:
    """If it failed, a room could not be read, tested or replaced without the ones above it."""
    room = module.split("/")[0]
    own = {name.split(".")[1] for name in imported(module) if name.startswith("sweep.")} - {room, "__version__"}
    assert own <= MAY_USE[room]


@pytest.mark.parametrize("module", MODULES)
def test_only_the_pipeline_and_the_command_line_come_after_the_rooms(module: str) -> None:
    """If it failed, something would depend on the command line, or run a whole study from below."""
    users = {
        "sweep.cli": ("__main__.py",),
        "sweep.pipeline": ("api.py", "cli.py"),
        "sweep.prepared": ("pipeline.py", "api.py", "cli.py"),
        "sweep.api": (),
    }
    for name, may in users.items():
        assert name not in imported(module) or module in may


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_stay_in_their_rooms(module: str) -> None:
    """If it failed, a command that needs no TensorFlow, Optuna or matplotlib would wait for it."""
    for name in imported(module):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or module.startswith(homes), f"{module} imports {name}"


POSIX = {"fcntl", "grp", "pwd", "resource", "termios"}  # modules
POSIX_SIGNALS = {"SIGHUP", "SIGKILL", "SIGXFSZ", "SIGALRM", "SIGUSR1"}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_that_only_posix_has_is_imported(module: str) -> None:
    """If it failed, `import sweep` would end in a traceback on Windows."""
    assert {name.split(".")[0] for name in imported(module)} & POSIX == set()
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert used & POSIX_SIGNALS == set()


def test_a_system_without_fcntl_loads_the_package_and_says_that_it_cannot_lock(tmp_path: Path) -> None:
    """If it failed, whoever looks at a result there would get a traceback, or a run would go on without its lock."""
    code = (
        "import sys, signal; sys.modules['fcntl'] = None\n"
        "for name in ('SIGHUP', 'SIGKILL', 'pthread_sigmask'): delattr(signal, name)\n"
        "import sweep.cli, sweep.api, sweep.study_folder, sweep.study.ownership, sweep.parallel.signals\n"
        "from pathlib import Path\n"
        "sys.argv = ['sweep', 'list', '--root', sys.argv[1]]\n"
        "record = sweep.study_folder.StudyFolder(Path(sys.argv[3]), 'n')\n"
        "try:\n"
        "    sweep.study_folder.locked(record).__enter__()\n"
        "except sweep.errors.RunError as error:\n"
        "    print(error)\n"
        "sweep.cli.main()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "must lie on a file system that can lock files" in done.stdout


def test_the_file_to_copy_imports_nothing_of_the_package() -> None:
    """If it failed, an exported model.npz could not be scored where sweep is not installed."""
    assert imported("model/numpy_reader.py") == {"json", "typing", "numpy"}


@pytest.mark.parametrize(
    "command", ["import sweep", "import sweep.cli; sweep.cli.cli(['--help'], standalone_mode=False)"]
)
def test_a_light_start_loads_nothing_heavy(command: str) -> None:
    """If it failed, `sweep --help` would take seconds."""
    code = f"{command}\nimport sys; print(sorted({set(HOMES)} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "module", ["sweep.report.redraw", "sweep.dashboard.server", "sweep.pipeline", "sweep.study_folder"]
)
def test_what_does_not_train_does_not_load_tensorflow(module: str) -> None:
    """If it failed, `sweep plot`, `report`, `dashboard`, `show` and `list` would wait seconds for nothing."""
    code = f"import {module}, sys; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.startswith(("study/", "parallel/", "dashboard/", "search/"))]
)
def test_no_private_attribute_of_optuna_or_loky_is_used(module: str) -> None:
    """If it failed, a patch release of Optuna, its dashboard or loky could break every run."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    private = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr.startswith("_")]
    assert [p for p in private if not p.startswith("self.") and p != "os._exit" and "__" not in p] == []
