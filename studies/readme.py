"""Renew what the README shows of the quick start: the answer, the pictures and the recording of a terminal, of one run.

`python studies/readme.py` runs the quick start's command from its beginning, here, and writes the README's answer,
plots/quick-start.svg and the pictures beside it anew. `--as-is` takes the finished study that is there.
"""

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from sweep.report.result import Result
from sweep.report.summary import summarise_briefly
from sweep.study_folder import StudyFolder, find, names

ROOT = Path(__file__).resolve().parents[1]
NAME, STUDY = "hypothyroid", "studies/hypothyroid.toml"
START, END = "<!-- answer -->\n", "<!-- /answer -->"
WIDTH = 80
SHOWN = 3  # trials at the beginning of the recording


def answer(result: Result) -> str:
    """Write the block of the README: the command, and the verdict in its own words."""
    if result.verdict is None:
        raise click.UsageError("The study must have a verdict; it has none. Run it without --quick.")
    said = f"**{result.answer}.** {result.verdict.paragraph}"
    return f"{START}`sweep run {STUDY}` says, in its own words:\n\n> {said}\n{END}"


def progress(log: str) -> Iterator[str]:
    """Pick lines of a run's log: all that comes before the trials, the first of these and the last, then each phase."""
    lines = [line.split("  ", 1)[1] for line in log.splitlines() if "  " in line]
    trials = [line for line in lines if line.startswith("search: ")]
    begun = lines.index(trials[0])
    yield from lines[:begun]
    yield from trials[1 : 1 + SHOWN]
    yield "…"
    yield trials[-1]
    after = [line for line in lines[begun:] if not line.startswith("search: ")]
    for line, following in zip(after, [*after[1:], ""], strict=True):
        if line.split(":")[0] != following.split(":")[0]:  # the last of its phase
            yield line


def recording(folder: StudyFolder, result: Result) -> str:
    """Draw a terminal in which the quick start has run, as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text(f"$ sweep run {STUDY}", style="bold green"))
    console.print(Text(f"reading {STUDY}"))
    for line in progress(folder.log.read_text(encoding="utf-8")):
        console.print(Text(line, style="dim", overflow="ellipsis", no_wrap=True))
    for part in summarise_briefly(result, Path()):
        console.print(part)
    drawn = console.export_svg(title="sweep", unique_id="sweep")
    return re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)  # a picture asks nothing of other servers


@click.command(help=__doc__)
@click.option("--as-is", is_flag=True, help="Take the finished study that is there.")
def main(as_is: bool) -> None:
    """Run, and write."""
    if not as_is:
        if NAME in names(ROOT):
            find(ROOT, NAME).remove()
        subprocess.run([sys.executable, "-m", "sweep", "run", STUDY], cwd=ROOT, check=True)
    folder = find(ROOT, NAME)
    result, readme, plots = Result.read(folder), ROOT / "README.md", ROOT / "plots"
    text = re.sub(f"{START}.*?{END}", lambda _: answer(result), readme.read_text(encoding="utf-8"), flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")
    (plots / "quick-start.svg").write_text(recording(folder, result), encoding="utf-8")
    for picture in ("precision-recall.png", "balance-curve.png"):
        shutil.copy(folder.plots / picture, plots / picture)
    shutil.copy(folder.trial_plot(result.selected.trial), plots / "trial.png")


if __name__ == "__main__":
    main()
