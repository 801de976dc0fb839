"""The page in headless Chromium: it fits a desk and a phone, and shows its pictures, without asking for anything."""

import html
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sweep.study_folder import StudyFolder

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
MEASURE = """<!doctype html><meta charset="utf-8"><body><iframe style="width:{width}px;height:900px;border:0"
srcdoc="{page}"></iframe><script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  const images = [...page.querySelectorAll("svg.drawing")].filter(i => i.getBoundingClientRect().width > 0);
  const inside = (part, whole) => part.left > whole.left - 1 && part.right < whole.right + 1;
  const seen = images.every(i => i.getBoundingClientRect().width > 250 && [...i.querySelectorAll("text")].every(
    t => inside(t.getBoundingClientRect(), i.getBoundingClientRect())
      && parseFloat(getComputedStyle(t).fontSize) * i.getBoundingClientRect().width / i.viewBox.baseVal.width > 9));
  const dark = getComputedStyle(page.body).backgroundColor;
  document.body.innerHTML = `<output>${{root.scrollWidth}} ${{images.length}} ${{seen}} ${{dark}}</output>`;
}});</script>"""

pytestmark = pytest.mark.browser


def chromium(page: Any, tmp_path: Any, *flags: Any) -> Any:
    """The page's document once it has loaded."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "Chromium must be installed for tests marked browser"
    command = [program, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *flags, "--dump-dom", page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_and_shows_its_pictures(finished: StudyFolder, tmp_path: Path, width: int, dark: bool) -> None:
    text = re.sub(r"<meta http-equiv[^>]*>", "", finished.report.read_text(encoding="utf-8"))
    page = tmp_path / "measure.html"
    page.write_text(MEASURE.format(width=width, page=html.escape(text)), encoding="utf-8")
    dom = chromium(page, tmp_path, *(["--blink-settings=preferredColorScheme=0"] if dark else []))
    measured = re.search(r"<output>(\d+) (\d+) (\w+) (.*?)</output>", dom)
    assert measured, "the page ran no script"
    wide, images, seen, colour = measured.groups()
    assert int(wide) <= width, "the page is wider than the screen: the reader must scroll sideways"
    assert int(images) == 7, "a picture is missing, or shown twice"
    assert seen == "true", "a word of a picture is cut off, or too small to be read"
    assert (colour == "rgb(22, 24, 26)") == dark, "the page does not follow the reader's light or dark setting"


def test_the_page_prints_as_one_page_of_summary(finished: StudyFolder, tmp_path: Path) -> None:
    """If it failed, whoever prints the report would get a stack of paper, or nothing."""
    program = shutil.which("chromium") or "chromium"
    target = tmp_path / "report.pdf"
    command = [program, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={target}"]
    subprocess.run([*command, finished.report.as_uri()], check=True, capture_output=True, timeout=120)
    assert re.findall(rb"/Count (\d+)", target.read_bytes()) == [b"1"]
