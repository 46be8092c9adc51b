"""Opens every page in a real Chromium and records scripts, requests, dialogs and links to other pages."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ALLOWED = ("about:", "data:image/")  # an empty frame, and a picture that is part of the page
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
UNFOLD = "document.querySelectorAll('details').forEach(item => { item.open = true; })"


def open_pages(paths: Sequence[Path]) -> dict[Path, list[str]]:
    """By page, everything that happened except its own loading; a harmless page has an empty list."""
    chromium = find_chromium()
    happened = {path: list[str]() for path in paths}
    own = {path.as_uri() for path in paths}  # a page may show another one of the report
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = browser.new_context().new_page()  # one tab for all pages, since opening a tab takes longest
        events: list[list[str]] = [[]]
        watch(page, own, events)
        for path, mine in happened.items():
            events[0] = mine
            page.goto(path.as_uri())
            title = page.title()
            page.evaluate(UNFOLD)
            page.evaluate("new Promise(requestAnimationFrame)")
            if page.title() != title:
                mine.append(f"title: {page.title()}")
        browser.close()
    return happened


def find_chromium() -> str:
    """The path of Chromium. Raises FileNotFoundError with instructions if it is not installed."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise FileNotFoundError("chromium: not found. Install it: apt-get install chromium.")
    return chromium


def watch(page: Any, own: Collection[str], events: Sequence[list[str]]) -> None:
    """Append each event to the list that is events[0] at that moment."""

    def note(kind: str, text: str) -> None:
        if text not in own and not text.startswith(ALLOWED):
            events[0].append(f"{kind}: {text[:200]}")

    page.on("request", lambda request: note("request", request.url))
    page.on("framenavigated", lambda frame: note("navigation", frame.url))
    page.on("console", lambda message: note("console", message.text))
    page.on("pageerror", lambda error: note("error", str(error)))
    page.on("popup", lambda popup: note("popup", popup.url))
    page.on("download", lambda download: note("download", download.url))
    page.on("dialog", lambda dialog: (note("dialog", dialog.message), dialog.dismiss()))
