"""What `make docs` looks for in the built site: addresses from elsewhere that a browser would load."""

from __future__ import annotations

import pytest

from docs.build_site import external_assets


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="https://example.org/a.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="//example.org/a.css">'),
        ("a.html", '<img src="a.png" srcset="https://example.org/a.png 2x">'),
        ("a.html", "<style>body { background: url('https://example.org/a.png') }</style>"),
        ("a.svg", '<svg><image href="https://example.org/a.png"/></svg>'),
        ("sub/a.css", '@import "https://example.org/a.css";'),
        ("a.css", "@font-face { src: url(https://example.org/a.woff2) }"),
        ("a.js", 'fetch("https://example.org/a.json")'),
    ],
)
def test_an_address_from_elsewhere_is_found(tmp_path, name, text):
    (tmp_path / "sub").mkdir()
    (tmp_path / name).write_text(text, encoding="utf-8")
    (found,) = external_assets(tmp_path)
    assert found.startswith(f"{name}: ")
    assert "//example.org" in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.html",
            '<a href="https://example.org">elsewhere</a><img src="../a.png"><script src="_static/a.js"></script>',
        ),
        ("a.html", '<img src="data:image/png;base64,AA//AA.A==">'),
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("a.css", "a { background: url(a.png) } /* https://example.org */"),
        ("a.js", '// see https://example.org\n/* https://example.org */ var ns = "http://www.w3.org/2000/svg"'),
    ],
)
def test_what_a_page_has_itself_or_leads_to_is_none(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(external_assets(tmp_path)) == []
