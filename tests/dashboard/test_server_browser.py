"""The dashboard in headless Chromium: the study, a trial with its picture, and what is refused.

Set SCREENSHOTS to a folder to keep what was seen.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweep.study_folder import StudyFolder
from tests.browser import Browser, chromium
from tests.servers import HERE

pytestmark = pytest.mark.browser
PICTURES = "return [...document.images].filter(i => i.src.includes('/artifacts/') && i.complete && i.naturalWidth > 0)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as window:
        yield window


@pytest.fixture
def address(finished: StudyFolder, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Of a dashboard of a copy of the run, started with the options that the test gives."""
    root = shutil.copytree(finished.root, tmp_path / "root")
    command = [sys.executable, "-m", "sweep", "dashboard", "made", "--root", str(root)]
    process = subprocess.Popen([*command, *getattr(request, "param", ())], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def keep(browser: Browser, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        browser.screenshot(Path(folder) / f"{name}.png")


def test_the_study_page_shows_the_history_and_asks_for_nothing_from_outside(browser: Browser, address: str) -> None:
    """A team would see an empty page, or tell a stranger's server that it looks at it."""
    browser.open(address)
    browser.wait_for("return document.body.innerText.includes('Hyperparameter Importance')")
    browser.wait_for("return document.querySelectorAll('.js-plotly-plot .trace').length")
    text = browser.run("return document.body.innerText")
    assert "made" in text
    assert "min(P1, R1)" in text, "the objective is not called by what it is"
    assert "Not futile" in text or "Futile" in text, "what sweep found is not on the study's page"
    assert "identity" not in text, "what a run keeps for itself is in sight"
    seen = browser.wait_for(f"{PICTURES}.length")
    assert seen >= 5, "the study's pictures are not its artifacts"
    keep(browser, "study")
    asked = browser.requests()
    assert {method for method, _ in asked} == {"GET"}, "the page changes the study by being looked at"
    assert not [url for _, url in asked if not url.startswith((address, "data:", "chrome", "about:", "blob:"))]


def test_a_trials_page_shows_its_note_and_its_picture_inline(browser: Browser, address: str) -> None:
    """What a trial found would have to be searched for in files."""
    browser.open(f"{address}dashboard/studies/1/trials?numbers=1")
    shown = browser.wait_for(f"{PICTURES}.map(i => i.naturalWidth)")
    assert max(shown) >= 800, "the picture is not the one that the run drew"
    text = browser.run("return document.body.innerText")
    assert "Trial 1" in text
    assert "![precision against recall]" not in text, "the note is not read as Markdown"
    assert "average_precision" in text
    keep(browser, "trial")


def test_the_note_has_the_answer_and_leads_to_the_report(browser: Browser, address: str) -> None:
    """If it failed, whoever opens the dashboard would take its Best Trial for what was delivered."""
    browser.open(f"{address}dashboard/studies/1/note")
    browser.wait_for(f"{PICTURES}.length")
    assert "What sweep selected" in browser.run("return document.body.innerText")
    keep(browser, "note")
    browser.run("[...document.links].find(a => a.innerText === 'The report').click()")
    browser.wait_for("return document.body.innerText.includes('What is delivered')")
    keep(browser, "report")


def test_read_only_shows_no_button_that_would_be_refused(browser: Browser, address: str) -> None:
    """If it failed, a visitor would press it and see nothing happen."""
    shown = "return [...document.querySelectorAll('button')].filter(b => b.querySelector('{}') && b.offsetWidth).length"
    for page, icon in (
        ("dashboard/studies/1/note", "EditIcon"),
        ("dashboard", "DeleteIcon"),
        ("dashboard", "AddBoxIcon"),
    ):
        browser.open(address + page)
        browser.wait_for(f"return document.querySelector('[data-testid={icon}]') !== null")
        assert browser.run(shown.format(f"[data-testid={icon}]")) == 0, icon
    assert "read-only" in browser.run("return document.body.innerText")


def test_a_change_from_the_page_is_refused(browser: Browser, address: str) -> None:
    """Whoever looks at a study could delete it."""
    browser.open(address)
    browser.run("fetch('/api/studies/1', {method: 'DELETE'}).then(r => { window.status_ = r.status })")
    assert browser.wait_for("return window.status_") == 403


@pytest.mark.parametrize("address", [["--write"]], indirect=True)
def test_with_write_a_note_can_be_changed(browser: Browser, address: str) -> None:
    """`--write` would change nothing."""
    browser.open(address)
    note = (
        "{method: 'PUT', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({body: 'x', version: 2})}"
    )
    browser.run(f"fetch('/api/studies/1/note', {note}).then(r => {{ window.status_ = r.status }})")
    assert browser.wait_for("return window.status_") == 204


def test_another_sites_name_is_refused(browser: Browser, address: str) -> None:
    """A name that another site points here would get an answer (DNS rebinding)."""
    browser.open(address.replace(HERE, "rebound.localhost"))
    text = browser.wait_for("return document.body.innerText")
    assert text.startswith("Refused: the Host header")
    keep(browser, "refused-host")


@pytest.mark.parametrize("address", [["--host", "0.0.0.0"]], indirect=True)
def test_on_another_address_a_visitor_needs_the_token_once(browser: Browser, address: str) -> None:
    """Whoever reaches the port would get in, or would have to bring the token with every page."""
    name, _, port = address.partition("//")[2].partition("/")[0].rpartition(":")
    here = address.replace(name, HERE)
    browser.open(here.partition("?")[0])
    assert "token" in browser.wait_for("return document.body.innerText")
    keep(browser, "refused-token")
    browser.open(here)
    browser.wait_for("return document.body.innerText.includes('Hyperparameter Importance')")
    assert browser.run("return location.href") == f"http://{HERE}:{port}/dashboard/studies/1"
    browser.open(f"http://{HERE}:{port}/dashboard/studies/1/trials?numbers=0")
    assert browser.wait_for(f"{PICTURES}.length")
