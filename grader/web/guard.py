"""Checks every request before any page is made, and adds security headers to every response.

    request ─► Host is ours ─► method ─► POST: Origin is ours ─► session ─► the page
                 │ 421           │ 405         │ 403                │ 403

The Host check stops other sites whose name points to this server (DNS rebinding). SameSite=Strict, the Origin check
and the csrf word stop requests that other sites send. The Content-Security-Policy allows only this server's own styles
and scripts, so code of a submission could not run even if escaping failed.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.web.access import Door

OPEN: Final = ("/enter", "/static/")  # paths without a session
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
NOT_IN: Final = (
    "You are not signed in here. Open the link that grader serve printed for you; it is a new one whenever the "
    "server was started again.\n"
)


class Guard:
    """The outermost layer of the app. addresses: this server's addresses in browsers, such as http://127.0.0.1:8231."""

    def __init__(self, app: ASGIApp, door: Door, addresses: tuple[str, ...], cookie: str) -> None:
        self._app, self._door, self._cookie = app, door, cookie
        self._origins = frozenset(addresses)
        self._hosts = frozenset(urlsplit(one).netloc for one in addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # a websocket, which no page of this server uses: the server ends it

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self.refuse(scope)
        await (refused or self._app)(scope, receive, send_guarded)

    def refuse(self, scope: Scope) -> PlainTextResponse | None:
        """Return the response to a refused request. For an allowed request, store its session and return None."""
        headers = Headers(scope=scope)
        if headers.getlist("host") == [] or any(host not in self._hosts for host in headers.getlist("host")):
            return PlainTextResponse("This server is not known by that name.\n", 421)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Only GET and POST are understood here.\n", 405)
        if scope["method"] == "POST" and headers.get("origin") not in self._origins:
            return PlainTextResponse("This request came from a page of another site, so nothing was done.\n", 403)
        number = cookie_of(headers, self._cookie)
        session = self._door.session(number)
        if session is None and not scope["path"].startswith(OPEN):
            return PlainTextResponse(NOT_IN, 403)
        scope.setdefault("state", {}).update(session=session, number=number)
        return None


def frame_policy(sheet: str = "'unsafe-inline'") -> str:
    """Return the policy of a page about a submission: it may not run scripts, send forms or open other pages.

    sheet: the hash of its style sheet. The default is for stored pages, which an older version of the grader may have
    written; the policy inside such a page names the hash of its style sheet.
    """
    return (
        f"sandbox; default-src 'none'; style-src {sheet}; img-src data:; form-action 'none'; frame-ancestors 'self'; "
        "base-uri 'none'"
    )


def cookie_of(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
