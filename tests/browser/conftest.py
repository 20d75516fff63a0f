"""One Chromium a run and worker, and pages of ours in it; what asks for one is marked `servers` by that alone."""

from __future__ import annotations

import pytest

from tests.servers.environments import left_out
from tests.servers.fixtures import asked_for
from tests.servers.system import chromium_program

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 390, "height": 844}
FIXTURES = {"browser", "opened"}


@pytest.fixture(scope="session")
def browser():
    """Give the one browser of a run and worker."""
    program = chromium_program()
    if program is None:
        left_out("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Give a function that opens a page, given as text, in a window of its own.

    At the end nothing may have been asked for but the page itself, nothing said on the console, and no dialog opened.
    """
    contexts, noticed, asked = [], [], []

    def open_(text, **options):
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: noticed.append(message.text))
        page.on("pageerror", lambda error: noticed.append(str(error)))
        page.on("dialog", lambda dialog: (noticed.append(dialog.message), dialog.dismiss()))
        context.on("page", lambda other: noticed.append(other.url))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert ([], len(contexts)) == (noticed, len(asked))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what asks for the browser, and let it go to one worker."""
    for item in items:
        if asked_for(item) & FIXTURES:
            item.add_marker(pytest.mark.servers)
            item.add_marker(pytest.mark.xdist_group("browser"))
