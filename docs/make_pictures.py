"""Make the pictures of the documentation: grade the class of docs/example_class.py, and show its pages and those of
`grader serve` in Chromium.

make pictures        # needs Debian's chromium
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from docs.example_class import DOWNLOAD, make_checkout

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/pictures"
WIDTH = 1100
CHARLES, ADA = "babbagecharles_1002", "lovelaceada_1001"
ROSTER = """Student,ID,Section
"Lovelace, Ada",1001,A
"Babbage, Charles",1002,A
"Hopper, Grace",1003,B
"Turing, Alan",1004,B
"Poe, Edgar",1005,B
"""
# What is decided before the pictures of grader serve: words of grader gradebook.
DECIDED = (
    ("roster", "roster.csv"),
    ("adjust", CHARLES, "2", "--for", "softmax_loss", "--reason", "The loss is right; only the gradient is not."),
    ("ask", "hoppergrace_1003", "Why is the convolution wrong?", "--for", "conv_forward_naive"),
)


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("make pictures: no chromium found. Debian, Ubuntu: apt install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        reports = make_reports(Path(folder))
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        for name, (file, take) in SCENES.items():
            page.goto(f"file://{reports / file}")
            keep(page, name, take)
        with serving(reports) as link:
            page.goto(link)
            page.wait_for_url("**/")
            for name, (address, take) in SERVED.items():
                page.goto(urljoin(link, address))
                page.wait_for_load_state("networkidle")
                keep(page, name, take)
        browser.close()


def keep(page: Page, name: str, take: Callable[[Page, Path], None]) -> None:
    take(page, PICTURES / f"{name}.png")
    shrink(PICTURES / f"{name}.png")
    print(f"docs/pictures/{name}.png")


@contextmanager
def serving(reports: Path) -> Iterator[str]:
    """`grader serve` over the class, after a roster and two decisions. Yields a person's link."""
    course, grader = reports.parent, reports.parent / "bin/grader"
    (course / "roster.csv").write_text(ROSTER)
    for words in DECIDED:
        subprocess.run([grader, "gradebook", *words], cwd=course, check=True, capture_output=True)
    serve = [grader, "serve", reports, "--port", "0", "--person", "ada"]
    server = subprocess.Popen(serve, cwd=course, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        server.stdout.readline()
        yield server.stdout.readline().strip().partition(": ")[2]
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()


def make_reports(folder: Path) -> Path:
    """Grade the class, mark one answer, and grade again, as an instructor does."""
    make_checkout(folder)
    grade = [folder / "bin/grader", "grade", DOWNLOAD]
    subprocess.run(grade, cwd=folder, check=True, capture_output=True)
    answers = folder / "reports/answers.csv"
    text = answers.read_text(encoding="utf-8-sig")
    marked = text.replace("step-size,2,,,A small", 'step-size,2,2,"Both halves, well put.",A small')
    if marked == text:
        sys.exit("make pictures: answers.csv: the row of an answer to step-size was not found")
    answers.write_text(marked, encoding="utf-8")
    subprocess.run(grade, cwd=folder, check=True, capture_output=True)
    return folder / "reports"


def shrink(picture: Path) -> None:
    """Reduce a picture to 256 colours, which takes a third of the bytes. Rare colours (of a status) do not change."""
    whole = Image.open(picture).convert("RGB")
    whole.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(picture, optimize=True)


def top(height: int) -> Callable[[Page, Path], None]:
    def take(page: Page, target: Path) -> None:
        page.screenshot(path=target, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})

    return take


def part(selector: str, opened: str = "") -> Callable[[Page, Path], None]:
    """Return a function that takes a picture of one element, after opening all elements that `opened` selects."""

    def take(page: Page, target: Path) -> None:
        for block in page.locator(opened).all() if opened else ():
            block.evaluate("block => { block.open = true }")
        page.locator(selector).first.screenshot(path=target)

    return take


# For the file name of each picture, the page and the part of the page that it shows.
SCENES: dict[str, tuple[str, Callable[[Page, Path], None]]] = {
    "class-page": ("index.html", lambda page, target: page.screenshot(path=target, full_page=True)),
    "staff-page": (f"{CHARLES}.html", top(1000)),
    "feedback-page": (f"feedback/{CHARLES}.html", top(760)),
    "one-function": (f"{CHARLES}.html", part("#f21", "#f21")),
    "answer": (f"{ADA}.html", part("article.answer")),
}

# The same for pages of grader serve, by address.
SERVED: dict[str, tuple[str, Callable[[Page, Path], None]]] = {
    "serve-class": ("/", top(660)),
    "serve-submission": (f"/submission?submission={CHARLES}&below=90", top(900)),
    "serve-question": ("/question?name=step-size", top(760)),
}


if __name__ == "__main__":
    main()
