"""The routes of the server: each address, and the function that makes its response.

    uvicorn ─► Guard (guard.py) ─► a route ─► a thread: the gradebook is read or written ─► a page

The session alone tells which person sent a request. The status is 404 for an unknown name, 422 for an impossible value
and 409 for a stale edit; the page shows the gradebook's message.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from grader.errors import GraderError, UsageError
from grader.gradebook.book import NotInGradebook, StaleEdit
from grader.web import questions, views
from grader.web.access import Door
from grader.web.deciding import DECISIONS
from grader.web.guard import Guard
from grader.web.rendering import KINDS, page, static_file
from grader.web.site import Site

FORM_BYTES: Final = 65_536  # large enough for the gradebook's longest texts, percent-encoded
FORM: Final = "application/x-www-form-urlencoded"
WELCOME: Final = (
    '<!doctype html><html lang="en"><title>You are in</title><link rel="icon" href="data:,"><a href="/">The class</a>'
)
PAGES: Final[dict[str, Callable[[Site, Request], Response]]] = {
    "/": views.class_page,
    "/submission": views.submission_page,
    "/report": views.report,
    "/notebook": views.notebook,
    "/questions": questions.questions_page,
    "/question": questions.question_page,
    "/publishing": views.publishing_page,
    "/history": views.history_page,
    "/grades.csv": views.grades_table,
}


def make_app(site: Site, door: Door, addresses: tuple[str, ...]) -> ASGIApp:
    """Return the whole server. addresses: the server's addresses in browsers; links use the first."""
    cookie = f"grader-{addresses[0].rpartition(':')[2].strip('/') or 'session'}"  # all ports share cookies

    async def enter(request: Request) -> Response:
        number = door.enter(request.query_params.get("token", ""))
        if number is None:
            return PlainTextResponse("Nobody has this token. Open the link that grader serve printed last.\n", 403)
        # A page that refreshes, not a redirect: browsers send a Strict cookie only for requests from this server's own
        # pages. No referrer, because the address of this page contains the token.
        response = HTMLResponse(WELCOME, headers={"Refresh": "0; url=/", "Referrer-Policy": "no-referrer"})
        secure = addresses[0].startswith("https:")
        response.set_cookie(cookie, number, httponly=True, samesite="strict", secure=secure)
        return response

    async def leave(request: Request) -> Response:
        await read_form(request)
        door.leave(request.state.number)
        return PlainTextResponse("You have left.\n", headers={"Clear-Site-Data": '"cookies"'})

    async def decide(request: Request) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(decided, site, request, form)

    routes = [Route(path, answering(site, made)) for path, made in PAGES.items()]
    routes += [
        Route("/enter", enter),
        Route("/leave", leave, methods=["POST"]),
        Route("/decide/{kind}", decide, methods=["POST"]),
        Route("/static/{name}", send_static),
    ]
    handlers: Any = {GraderError: say_error, HTTPException: say_status}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), door, addresses, cookie)


def answering(site: Site, made: Callable[[Site, Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(made, site, request)

    return answer


async def send_static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in KINDS:
        raise HTTPException(404)
    kept = "public, max-age=31536000, immutable" if "v" in request.query_params else "no-cache"
    return Response(static_file(name), media_type=KINDS[name], headers={"Cache-Control": kept})


async def read_form(request: Request) -> dict[str, str]:
    """Return the values of a form. Raises HTTPException if its csrf word is not this session's."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        raise HTTPException(415, "Expected a form.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise HTTPException(413, f"The form has more than {FORM_BYTES} bytes. Write less.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    form = dict(pairs)
    if not secrets.compare_digest(form.pop("csrf", "").encode(), request.state.session.csrf.encode()):
        raise HTTPException(403, "The form is not one of this session, so nothing was done. Open its page again.")
    return form


def decided(site: Site, request: Request, form: dict[str, str]) -> Response:
    """Make a decision, and return the page from which it was sent."""
    name = request.path_params["kind"]
    if name not in DECISIONS:
        raise HTTPException(404)
    kind, more, status = DECISIONS[name], {}, 200
    try:
        kind.apply(site, request.state.session.person, form)
    except NotInGradebook:
        raise
    except StaleEdit as error:
        more, status = {"problem": str(error), "kind": name, "draft": form, "now": kind.now(site, form)}, 409
    except UsageError as error:
        more, status = {"problem": str(error), "kind": name, "draft": form}, 422
    if name == "mark" and request.headers.get("hx-request"):
        return questions.one_card(site, request, form, more, status)
    if name == "publish":
        return views.publishing_page(site, request, more, status) if more else RedirectResponse("/publishing", 303)
    if name == "mark" and not more:  # a browser without scripts
        return RedirectResponse(f"/question?{urlencode({'name': form.get('part', '').partition(':')[2]})}", 303)
    if more:
        return views.submission_page(site, request, more, status)
    return RedirectResponse(views.back_to(form), 303)


async def say_error(request: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NotInGradebook) else 422 if isinstance(error, UsageError) else 500
    return page(request, "problem.html", {"problem": str(error)}, status)


async def say_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = "There is no such page." if error.status_code == 404 else error.detail
    return page(request, "problem.html", {"problem": known}, error.status_code)
