"""Build the site of the documentation into build/site, and fail if a page loads anything from another site.

make docs        # needs the extra `docs`

Warnings are errors: a broken link, a link to a missing heading, a page that no menu names. The site works from disk,
without a server and without a network, because it contains its fonts, search and pictures.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build/site"
# The content of build/site/index.html, which leads to the first page in docs/.
START = (
    '<!doctype html><meta charset="utf-8"><title>Layergrader</title>'
    '<meta http-equiv="refresh" content="0; url=docs/index.html"><a href="docs/index.html">Layergrader</a>\n'
)
# The attributes whose address a browser loads without a click. `href` of a link is not one of them.
LOADED = {"src", "srcset", "poster", "data", "background"}
ELSEWHERE = re.compile(r"(?:https?:)?//[\w.-]+\.\w", re.IGNORECASE)
IN_CSS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
# Addresses in a script are external assets, except XML namespaces (www.w3.org) and addresses in comments (COMMENT).
IN_SCRIPT = re.compile(r"https?://(?!www\.w3\.org/)[\w.-]+", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)


def main() -> None:
    try:
        from sphinx.cmd.build import main as build
    except ImportError:
        sys.exit("make docs: Sphinx is not installed. Run: .venv/bin/python -m pip install -e '.[docs]'")
    shutil.rmtree(SITE, ignore_errors=True)
    work = ROOT / "build/doctrees"
    code = build(["-W", "--keep-going", "-q", "-c", str(ROOT / "docs"), "-d", str(work), str(ROOT), str(SITE)])
    if code:
        sys.exit(code)
    (SITE / "index.html").write_text(START, encoding="utf-8")
    found = sorted(external_assets(SITE))
    if found:
        sys.exit("make docs: the site loads something from elsewhere:\n" + "\n".join(found))
    print(f"{SITE.relative_to(ROOT)}/index.html: {len(list(SITE.rglob('*.html')))} pages, no external asset")


def external_assets(site: Path) -> Iterator[str]:
    """Yield one line for each address outside the site that a page, a style sheet or a script would load."""
    for path in site.rglob("*"):
        if path.suffix in {".html", ".svg"}:
            text = path.read_text(encoding="utf-8")
            addresses = [*loaded_by_html(text), *IN_CSS.findall(text)]
        elif path.suffix == ".css":
            addresses = IN_CSS.findall(path.read_text(encoding="utf-8"))
        elif path.suffix == ".js":
            addresses = IN_SCRIPT.findall(COMMENT.sub("", path.read_text(encoding="utf-8")))
        else:
            continue
        yield from (f"{path.relative_to(site)}: {address}" for address in addresses)


def loaded_by_html(text: str) -> list[str]:
    reader = Reader()
    reader.feed(text)
    return reader.addresses


class Reader(HTMLParser):
    """Collects the addresses outside the site that a browser loads to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            loads = name in LOADED or (tag, name) in {("link", "href"), ("image", "href"), ("use", "href")}
            if loads and value and ELSEWHERE.match(value.strip()):
                self.addresses.append(value)


if __name__ == "__main__":
    main()
