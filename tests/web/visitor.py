"""A person at the server without a browser: sends what it is told to."""

from __future__ import annotations

import http.client
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"


class Visitor:
    """Sends what it is told to. With a link, it comes in first, as a browser would."""

    def __init__(self, link: str, *, inside: bool = True) -> None:
        self.parts = urlsplit(link)
        self.host = self.parts.netloc
        self.cookie = ""
        if inside:
            answer = self.get(f"{self.parts.path}?{self.parts.query}")
            assert answer.status == 200
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        connection = http.client.HTTPConnection(self.parts.hostname or "", self.parts.port, timeout=20)
        own = {"Host": self.host, **({"Cookie": self.cookie} if self.cookie else {}), **headers}
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {**own, "Content-Length": str(len(body))}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/").text)
        assert found
        return found[1]

    def post(self, path: str, form: dict[str, str], **headers: str) -> Any:
        given = {"Origin": f"http://{self.host}", "Content_Type": FORM, **headers}
        return self.send("POST", path, urlencode(form).encode(), **{k: v for k, v in given.items() if v})
