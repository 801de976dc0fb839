"""The command line: parse, call, print, exit code; nothing else prints but `display`.

Exit codes: 0 done; 1 stopped or failed at run time, the same command resumes; 2 the input or the command is wrong.
Modules that load TensorFlow, Optuna or matplotlib are imported by the command that needs them.
"""

import difflib
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, NoReturn, get_args

import click

from sweep import __version__
from sweep.config import EQUAL, SECTIONS, Balance, Data, Setting, Spec
from sweep.errors import InputError, SweepError
from sweep.parallel.signals import AT_STOP, end_at_signals
from sweep.report.progress_bar import percent, shown
from sweep.streams import prepare_streams, printable
from sweep.temporary_folder import OwnFolder

ROOT = click.option(
    "--root", type=click.Path(path_type=Path), default=Path("."), help="Where studies/ and plots/ lie. Default: here."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document to standard output.")
OWN_PROCESS = "own process"  # said by `main`: signals are this program's to handle
KINDS: dict[Any, Any] = {
    tuple[int, int]: (int, int),
    tuple[float, float]: (float, float),
    tuple[str, ...]: str,
    Path: str,
}


def echo(text: Any, **how: Any) -> None:
    """Print a text in which nothing of others steers the terminal."""
    click.echo(printable(str(text)), **how)


def settings_options(command: Callable[..., None], sections: Iterable[Any] = tuple(SECTIONS.values())) -> Any:
    """Give a command an option for each setting of a study that has a metavar, with its meaning, default and range."""
    settings = [entry for kind in sections for entry in fields(kind) if entry.metadata]
    for entry in reversed(settings):
        meaning: Setting = entry.metadata["setting"]
        if not meaning.metavar:
            continue
        kind = get_args(entry.type)[0] if isinstance(entry.type, UnionType) else entry.type
        option = click.option(
            f"--{entry.name.replace('_', '-')}",
            type=click.Choice(EQUAL) if entry.name == "equal" else KINDS.get(kind, kind),
            multiple=kind == tuple[str, ...],
            metavar=None if entry.name == "equal" else meaning.metavar,
            help=meaning.sentence(entry.default),
        )
        command = option(command)
    return command


SECTIONS_OF_HELP = {
    "Search": ("run", "check", "init"),
    "Inspect": ("show", "list", "trials", "compare", "rows", "plot", "report", "dashboard"),
    "Use": ("export", "predict", "weights"),
    "Tidy": ("remove",),
}


class Commands(click.Group):
    """The commands in the order in which a user needs them, in sections."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the sections."""
        return [name for names in SECTIONS_OF_HELP.values() for name in names if name in self.commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section of commands after the other."""
        for section, names in SECTIONS_OF_HELP.items():
            commands = [(name, self.commands[name]) for name in names if name in self.commands]
            with formatter.section(section):
                formatter.write_dl([(name, command.get_short_help_str(100)) for name, command in commands])


def complete_study(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Complete the name of a study under the root that the command line names so far."""
    from sweep.study_folder import names

    return [name for name in names(Path(context.params.get("root") or ".")) if name.startswith(begun)]


NAME = click.argument("name", shell_complete=complete_study)


def balance_options(command: Callable[..., None]) -> Any:
    """Give a command the options of a balance or an operating point."""
    return settings_options(command, (Balance,))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="sweep")
@click.pass_context
def cli(context: click.Context) -> None:
    """Search the class-weight balance and the network for a table with a rare class."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command(epilog="Example: sweep run table.csv --target y --positive 1 --missing '?' --test held-out.csv")
@click.argument("source", metavar="STUDY.toml|TABLE")
@settings_options
@click.option("--quick", is_flag=True, help="Leave the verdict out.")
@click.option("--name", help="The study's name. Default: the table's file stem.")
@ROOT
@click.option("--storage", metavar="URL", help="A database for the study. Default: SQLite in its folder.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    help="Trials at a time; the search asks for as many before it learns from them, so that another number "
    "finds other networks. Default: 1.",
)
@click.option("--backend", type=click.Choice(["loky", "dask", "ray"]), default="loky", help="Where workers run.")
@JSON
def run(
    source: str,
    root: Path,
    storage: str | None,
    workers: int,
    backend: str,
    quick: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Run a study, or resume it: search, select, export, answer."""
    if click.get_current_context().obj == OWN_PROCESS:
        end_at_signals(_say_stopped)
    echo(f"reading {source}", err=True)
    from sweep.parallel.clusters import check_backend

    check_backend(backend)
    if storage is not None:
        from sweep.study.driver import check_driver

        check_driver(storage)
    from sweep.prepared import prepare

    studies = [prepare(spec) for spec in Spec.from_options(source, given).split()]
    from sweep.pipeline import run as run_study  # slow to load: only once the input is known to be good

    results = []
    for study in studies:
        with shown() as progress:
            result = run_study(
                study, root=root, workers=workers, backend=backend, storage=storage, quick=quick, progress=progress
            )
        results.append(result)
        if not as_json:
            _print_result(result, root)
    if as_json:
        if len(results) == 1:
            echo(results[0].to_json())
        else:
            echo("[" + ",\n".join(r.to_json() for r in results) + "]")


@cli.command(epilog="Example: sweep check table.csv --target y --test held-out.csv")
@click.argument("source", metavar="STUDY.toml|TABLE")
@partial(settings_options, sections=(Data,))
@click.option("--root", hidden=True, expose_value=False, help="Taken as by every command; nothing is written.")
@JSON
def check(source: str, as_json: bool, **given: Any) -> None:
    """Read a table as a run would, train nothing, and say how each column is read and what looks wrong."""
    from sweep.prepared import check_study

    found = [check_study(spec) for spec in Spec.from_options(source, given).split()]
    if as_json:
        echo(json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False))
        return
    from rich.console import Console

    from sweep.report.terminal import check as shown_check

    console = Console(width=100, highlight=False)
    for one in found:
        for part in shown_check(one):
            console.print(part)


@cli.command(epilog="Example: sweep init table.csv --target y")
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--target", multiple=True, required=True, metavar="COLUMN", help="The label column; several: one study each."
)
@click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="Default: the table's file stem and .toml.")
@click.option("--root", hidden=True, expose_value=False, help="Taken as by every command.")
def init(table: Path, target: tuple[str, ...], to: Path | None) -> None:
    """Write a study file for a table, with every setting, its meaning and its range, to edit and to run."""
    from sweep.files import write_text
    from sweep.study_folder import default_name

    spec = Spec(default_name(table), Data(table.absolute(), target))
    to = to or Path(f"{spec.name}.toml")
    if to.suffix != ".toml":
        raise InputError(f"A study file must end in .toml; got {to}. Choose another --to.")
    if to.exists():
        raise InputError(f"{to} must not be there yet; it is. Choose another --to.")
    if not table.exists():
        raise InputError(f"{table} must be a table; there is no such file. Check the path.")
    write_text(to, spec.to_toml(to.absolute().parent, commented=True))
    echo(f"{to}; next: sweep run {to}")


@cli.command("list", epilog="Example: sweep list")
@ROOT
@JSON
def list_studies(root: Path, as_json: bool) -> None:
    """List the studies: rows, verdict, corrected score and date of each, or that it is not finished."""
    from sweep.report.listing import listed_studies, write_listing

    studies = listed_studies(root)
    echo(json.dumps([asdict(s) for s in studies], indent=1) if as_json else write_listing(studies), nl=as_json)


@cli.command(epilog="Example: sweep show hypothyroid")
@NAME
@click.option("--full", is_flag=True, help="Show every table and the whole of the answer.")
@ROOT
@JSON
def show(name: str, root: Path, full: bool, as_json: bool) -> None:
    """Show what a study found, or how far it is."""
    from sweep.report.result import Result
    from sweep.study_folder import find

    record = find(root, name)
    if not record.result.exists() and record.log.exists() and not as_json:
        said = record.log.read_text(encoding="utf-8", errors="replace").splitlines()
        echo(f"{name}: not finished; {said[-1] if said else 'nothing said yet'}")
        return
    result = Result.read(record)
    if as_json:
        echo(result.to_json())
    else:
        _print_result(result, root, full=full)


@cli.command(epilog="Example: sweep trials hypothyroid --csv")
@NAME
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, every digit of it.")
@ROOT
def trials(name: str, as_csv: bool, root: Path) -> None:
    """List the trials of a study: parameters, counts, rates and score of each."""
    from sweep.study_folder import find

    record = find(root, name)
    from sweep.study.study import Study
    from sweep.study.trial_table import trial_table

    table = trial_table(Study.reopen(record))
    if as_csv:
        _print_data(table.write_csv())
        return
    import polars as pl

    shown = [
        c for c in ("number", "state", "score", "most", "depth", "width", "P1", "R1", "epochs") if c in table.columns
    ]
    with pl.Config(
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=100,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        float_precision=3,
    ):
        echo(table.select(shown))


@cli.command(epilog="Example: sweep compare hypothyroid hypothyroid-recall")
@click.argument("first", shell_complete=complete_study)
@click.argument("second", shell_complete=complete_study)
@ROOT
@JSON
def compare(first: str, second: str, root: Path, as_json: bool) -> None:
    """Compare two studies of the same rows: the differences of their scores, paired, with intervals."""
    from sweep.study_folder import find

    records = [find(root, name) for name in (first, second)]
    from sweep.evidence.study_comparison import compare_studies
    from sweep.search.selection import Selection

    found = compare_studies(*(Selection.load(record.selection) for record in records))
    if as_json:
        echo(json.dumps(found.to_dict(), indent=1))
        return
    echo(f"{first} less {second}, out-of-fold, {found.rows} rows: {found.finding} in min(P1, R1)")
    for what, difference in (("min(P1, R1)", found.score), ("average precision", found.average_precision)):
        echo(f"{what:>18}  {difference.value:+.3f}  95 % {difference.low:+.3f} to {difference.high:+.3f}")


@cli.command(epilog="Example: sweep plot hypothyroid")
@NAME
@ROOT
def plot(name: str, root: Path) -> None:
    """Draw a study's pictures again."""
    from sweep.study_folder import find

    record = find(root, name)
    from sweep.report.redraw import redraw

    echo(redraw(record))


@cli.command(epilog="Example: sweep report hypothyroid")
@NAME
@ROOT
def report(name: str, root: Path) -> None:
    """Write a study's report.html again."""
    from sweep.study_folder import find

    record = find(root, name)
    from sweep.report.redraw import rewrite_report

    echo(rewrite_report(record))


@cli.command(epilog="Example: sweep remove hypothyroid")
@NAME
@click.option("--storage", metavar="URL", help="The database from which to delete it too, if it was run with one.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@ROOT
def remove(name: str, storage: str | None, yes: bool, root: Path) -> None:
    """Delete a study, its model and its pictures."""
    from sweep.study_folder import find, names

    if name in names(root) and not yes and sys.stdin.isatty():
        click.confirm(f"Delete the study {name!r}, its model and its pictures?", abort=True, err=True)
    if storage is None:
        find(root, name).remove()
    else:
        from sweep.study.study import forget

        if name in names(root):
            find(root, name).remove(first=lambda: forget(storage, name))
        else:
            forget(storage, name)
    echo(f"removed {name}", err=True)


@cli.command(epilog="Example: sweep dashboard hypothyroid --open")
@click.argument("name", required=False, shell_complete=complete_study)
@click.option(
    "--host", default="127.0.0.1", help="The address to listen on; visitors of others than this need a token."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: a free one.")
@click.option("--open", "open_", is_flag=True, help="Open a browser.")
@click.option("--write", is_flag=True, help="Let the dashboard change the study; visitors need a token, here too.")
@ROOT
def dashboard(name: str | None, root: Path, host: str, port: int, open_: bool, write: bool) -> None:
    """Serve the Optuna dashboard of a study, until Ctrl-C; NAME where there are several."""
    from sweep.study_folder import find, only

    record = find(root, name) if name else only(root)
    from sweep.dashboard.server import serve

    def ready(address: str) -> None:
        echo(address)
        if open_:
            click.launch(address)

    serve(record, host=host, port=port, write=write, ready=ready)


@cli.command(epilog="Example: sweep export hypothyroid --to model --format onnx --equal recall")
@NAME
@click.option("--to", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The folder to write to.")
@click.option(
    "--format", "format_", default="keras", help="keras, tf_saved_model, litert, onnx or npz. Default: keras."
)
@balance_options
@click.option("--single", is_flag=True, help="One plain network instead of the ensemble.")
@ROOT
def export(name: str, to: Path, format_: str, single: bool, root: Path, **given: Any) -> None:
    """Export a study's model, reloaded and compared before it is said to be done, and its class weights.

    By default what was selected; any balance, or another operating point, without training again.
    """
    from sweep.model.formats import check_format
    from sweep.study_folder import find

    check_format(format_)
    balance = Balance(**given)
    point, record = balance.point, find(root, name)
    from sweep.model.delivery import export_study
    from sweep.report.result import Result

    Result.read(record)  # finished, and of one run
    done = export_study(record, to, format=format_, equal=balance.equal, point=point, single=single)
    echo(f"{done['path']}: differs by {done['difference']:.1e} at most over {done['rows']} rows")
    if done["says"]:
        echo(done["says"])


@cli.command(epilog="Example: sweep rows hypothyroid --missed 20 --out missed.csv")
@NAME
@click.option("--missed", type=click.IntRange(0), metavar="N", help="Missed positives, the least likely first.")
@click.option("--false-alarms", type=click.IntRange(0), metavar="N", help="False alarms, the most likely first.")
@click.option("--by", metavar="COLUMN", help="Precision and recall for each level of a column instead.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A .csv or .parquet. Default: print CSV.")
@ROOT
def rows(name: str, missed: int | None, false_alarms: int | None, by: str | None, out: Path | None, root: Path) -> None:
    """List the rows that a study gets wrong, out-of-fold, the surest mistakes first, with their columns.

    By default ten of each kind.
    """
    from sweep.report.mistakes import LISTED, rows_with_columns, segment_table, segments, surest_mistakes, write_table
    from sweep.report.result import Result
    from sweep.study_folder import find

    record = find(root, name)
    if by is not None and (missed, false_alarms) != (None, None):
        raise InputError("One of --by and --missed or --false-alarms must be asked for; got both. Leave one out.")
    found = rows_with_columns(record, Result.read(record).data.rows)
    if by is not None:
        table = segment_table(segments(found, by))
    else:
        default = LISTED if missed is None and false_alarms is None else 0
        many = [default if number is None else number for number in (missed, false_alarms)]
        table = surest_mistakes(found, missed=many[0], false_alarms=many[1])
    if out is None:
        _print_data(table.write_csv())
    else:
        write_table(table, out)
        echo(f"{out}: {table.height} rows", err=True)


@cli.command(epilog="Example: sweep predict studies/hypothyroid/best/model.keras new.csv --out scored.csv --keep id")
@click.argument("model", metavar="MODEL|NAME", type=click.Path(path_type=Path))
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A .csv or .parquet. Default: print CSV.")
@click.option("--keep", multiple=True, metavar="COLUMN", help="A column of the table to write too, such as an id.")
@click.option(
    "--prevalence", type=float, metavar="SHARE", help="Prevalence to expect in the table. Default: as in training."
)
@click.option(
    "--threshold",
    type=float,
    metavar="T",
    help="Predict positive from this probability on. Default: as the model decides.",
)
@click.option(
    "--top",
    metavar="N|N%",
    help="Predict positive the N, or N %, most likely rows of the table, and write their ranks.",
)
@ROOT
def predict(
    model: Path,
    table: Path,
    out: Path | None,
    keep: tuple[str, ...],
    prevalence: float | None,
    threshold: float | None,
    top: str | None,
    root: Path,
) -> None:
    """Write probability, decision and label of each row of a table, by a model or the study NAME's best one.

    A model file is data: one that holds anything but what `sweep export` writes is refused before it is loaded.
    """
    from sweep.model.predict import predict as score
    from sweep.study_folder import find, names

    if not model.exists() and difflib.get_close_matches(str(model), names(root), n=1):
        from sweep.report.result import Result

        record = find(root, str(model))
        Result.read(record)  # finished, and of one run
        model = record.best
    with shown() as progress:
        summary = score(
            model,
            table,
            out=out,
            keep=keep,
            prevalence=prevalence,
            threshold=threshold,
            top=top,
            progress=percent(progress),
        )
        for note in summary.notes:
            progress.note(note)
    echo(f"{summary.rows} rows, {summary.called} predicted positive", err=True)


@cli.command(epilog="Example: sweep weights table.csv --target y --most 0.9 --json")
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--target", required=True, metavar="COLUMN", help="The label column.")
@click.option("--positive", metavar="VALUE", help="The label of class 1. Default: the rarer one.")
@click.option("--missing", multiple=True, metavar="TEXT", help="A text that stands for a missing value.")
@click.option("--most", type=float, default=0.9, metavar="M", help="The cap on the class weights. Default: 0.9.")
@click.option("--number", "--category", "--date", multiple=True, hidden=True, expose_value=False, help="As for run.")
@click.option("--root", hidden=True, expose_value=False, help="Taken as by every command; nothing is written.")
@JSON
def weights(
    table: Path, target: str, positive: str | None, missing: tuple[str, ...], most: float, as_json: bool
) -> None:
    """Print the class weights of a table at a balance, for Keras, scikit-learn and the gradient boosters."""
    from sweep.class_weight import class_weights
    from sweep.data.labels import load_labels

    y, notes = load_labels(table, target=target, positive=positive, missing=missing)
    for note in notes:
        echo(note, err=True)
    found = class_weights(y, most)
    if as_json:
        echo(json.dumps(found))
        return
    for key, value in found.items():
        echo(f"{key:>16}  {value:.6g}")


def _print_data(text: str) -> None:
    """Print data as they are, but to a terminal."""
    (echo if sys.stdout.isatty() else click.echo)(text, nl=False)


def _print_result(result: Any, root: Path, *, full: bool = False) -> None:
    from rich.console import Console
    from rich.text import Text

    from sweep.report.summary import summarise_briefly
    from sweep.report.terminal import summarise

    terminal = sys.stdout.isatty()
    console = Console(width=100 if full or not terminal else None, highlight=False)
    for part in summarise(result) if full else summarise_briefly(result, root):
        console.print(part, soft_wrap=isinstance(part, Text))  # a command stays whole


def _say_stopped() -> None:
    if sys.stderr.isatty():
        click.echo("\x1b[?25h", nl=False, err=True)  # the cursor, which the bar hides
    echo("sweep: stopped; what is finished is kept. Run the same command to resume.", err=True)


def _terminated(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run a command and exit with its code."""
    os.environ["PYTHONSAFEPATH"] = "1"  # of every child: no file of the current folder is taken for a module
    prepare_streams()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup asks for that
            signal.signal(number, _terminated)
    folder = None
    with suppress(OSError):  # no room for one
        folder = OwnFolder()
        folder.hold_all()
        AT_STOP.append(folder.delete)
    try:
        code = run_command()
    finally:
        if folder is not None:
            folder.delete()
    gc.freeze()  # else the interpreter looks for garbage among all that TensorFlow made, before it ends
    sys.exit(code)


def run_command() -> int:
    """Run the command that was asked for; say in one line what ended it, and give the exit code."""
    try:
        return int(cli.main(standalone_mode=False, obj=OWN_PROCESS) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except InputError as error:
        return _failed(f"{error}", 2)
    except SweepError as error:
        return _failed(f"{error}")
    except BrokenPipeError:  # who read the output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        what = error.filename or "What the run writes to"
        said = f"{what} must be there and writable; got: {error.strerror or error}. Fix this and run again."
        return _failed(said)
    except (KeyboardInterrupt, click.Abort):
        _say_stopped()
        return 1
    except Exception as error:
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":  # TensorFlow's
            raise
        return _failed(
            "This takes more memory than there is. Close other programs, ask for fewer --workers or narrower "
            "--width, or choose fewer columns: what is finished is kept; run the same command to resume."
        )


def _failed(said: str, code: int = 1) -> int:
    echo(f"sweep: {said}", err=True)
    return code
