"""The status page for the county's administrator: plain HTML, no script, nothing from elsewhere.

Everything below `/status` is for a browser and no part of the protocol between devices.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import parse_qs
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from sync.county.condition import Condition, read_condition
from sync.county.html import Part, document, name_of, tag
from sync.county.limits import Buckets, neighbourhood
from sync.county.status_view import StatusView, taken_at
from sync.county.status_words import LANGUAGES, PAGES, Words, choose_language
from sync.county.visits import SESSION_SECONDS, TOKEN_LENGTH, Visits

PATH = "/status"
COOKIE = "__Host-xinyi-session"
"""The prefix makes browsers refuse it without Secure, for a part of the site, or from a neighbouring name."""

TRIES, TRIES_RATE = 30, 0.5
"""Uses of a link from one address: thirty, then one in two seconds. Nobody guesses 256 bits; each try is a write, though."""

MAX_FORM = 1024
COMMAND = "xinyi county status {} --link"
_NO_TOKEN = re.compile("[^A-Za-z0-9_-]")
_STYLE = (PAGES / "style.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    # The one style sheet stands in the page and is named by its hash: nothing else can run or be loaded.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

router = APIRouter(prefix=PATH, include_in_schema=False, default_response_class=Response)


class StatusDesk(NamedTuple):
    """What the page works on."""

    visits: Visits
    look: Callable[[], Condition]
    tries: Buckets
    languages: dict[str, Words]


class Visitor(NamedTuple):
    """Whoever asks for a page: their session, if any, and their language."""

    desk: StatusDesk
    session: str
    words: Words
    chosen: str
    """The language that was chosen on the page; empty where the browser's decides."""


def add_status_page(service: FastAPI, engine: Engine, folder: Path, tls_certificate: Path) -> None:
    """Let a service answer below `/status`.

    Args:
        service: the county's application.
        engine: the county's database.
        folder: the county's folder.
        tls_certificate: the file of the server's certificate.
    """
    service.state.status = StatusDesk(
        Visits(engine),
        lambda: read_condition(engine, folder, tls_certificate),
        Buckets(TRIES, TRIES_RATE),
        {language: Words(language) for language in LANGUAGES},
    )
    service.include_router(router)


def _visitor(request: Request) -> Visitor:
    desk: StatusDesk = request.app.state.status
    chosen = request.query_params.get("language", "")
    language = choose_language(chosen, request.headers.get("accept-language", ""))
    chosen = chosen if chosen in LANGUAGES else ""
    return Visitor(desk, request.cookies.get(COOKIE, ""), desk.languages[language], chosen)


VisitorOf = Annotated[Visitor, Depends(_visitor)]


@router.get("")
def show(visitor: VisitorOf) -> Response:
    """How the county is doing, for whoever is signed in."""
    words = visitor.words
    if not visitor.desk.visits.is_open(visitor.session):
        command = tag("code", COMMAND.format(words("folder")))
        return _notice(visitor, "nobody", tag("p", words("nobody_about")), tag("p", command), status=403)
    condition = visitor.desk.look()
    view = StatusView(condition, words, visitor.desk.visits.sessions())
    title = tag("div", tag("h1", name_of(condition.county)), tag("p", taken_at(condition, words)))
    leave = tag("form", tag("button", words("sign_out")), method="post", action=_target(visitor, "/leave"))
    menu = tag("nav", tag("a", words("refresh"), href=_target(visitor)), _switch(visitor, PATH), leave)
    return _page(visitor, condition.county, [tag("header", title, menu), tag("main", *view.draw())])


@router.get("/link/{token}")
def open_link(token: str, visitor: VisitorOf) -> Response:
    """A button to go in with. Looking at a link does not use it up, and says nothing about whether it is good."""
    words = visitor.words
    # A link that was copied with a full stop or a bracket at its end works all the same.
    token = _NO_TOKEN.sub("", token)[:TOKEN_LENGTH]
    form = tag(
        "form",
        tag("input", type="hidden", name="token", value=token),
        tag("button", words("entrance_button"), class_="main"),
        method="post",
        action=_target(visitor, "/session"),
    )
    return _notice(visitor, "entrance", tag("p", words("entrance_about")), form, path=f"{PATH}/link/{token}")


@router.post("/session")
async def enter(request: Request, visitor: VisitorOf) -> Response:
    """Use a link."""
    words = visitor.words
    wait = visitor.desk.tries.take(neighbourhood(request.client.host if request.client else ""))
    if wait:
        notice = _notice(visitor, "too_many", tag("p", words("too_many_about")), status=429)
        notice.headers["Retry-After"] = str(int(wait) + 1)
        return notice
    token = (await _form(request)).get("token", "")
    session = await run_in_threadpool(visitor.desk.visits.enter, token)
    if session is None:
        command = tag("p", tag("code", COMMAND.format(words("folder"))))
        parts = tag("p", words("link_dead_about")), command, tag("p", words("link_dead_warning"))
        return _notice(visitor, "link_dead", *parts, status=403)
    answer = _see(visitor)
    answer.set_cookie(COOKIE, session, max_age=SESSION_SECONDS, secure=True, httponly=True, samesite="strict")
    return answer


@router.post("/leave")
async def leave(request: Request, visitor: VisitorOf) -> Response:
    """Sign out, here or everywhere."""
    everywhere = "everywhere" in await _form(request)
    await run_in_threadpool(lambda: visitor.desk.visits.leave(visitor.session, everywhere=everywhere))
    answer = _see(visitor)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict")
    return answer


@router.get("/session")
@router.get("/leave")
def return_here(visitor: VisitorOf) -> Response:
    """Where a browser opens the address of a form again, as phones do with their old tabs."""
    return _see(visitor)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form; empty where it is none."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}


def _target(visitor: Visitor, path: str = "") -> str:
    """A path of the page that keeps the language that was chosen."""
    return f"{PATH}{path}" + (f"?language={visitor.chosen}" if visitor.chosen else "")


def _switch(visitor: Visitor, path: str) -> Element:
    """A link to the other language."""
    other = next(one for one in LANGUAGES if one != visitor.words.language)
    return tag("a", visitor.words("language"), href=f"{path}?language={other}", lang=other)


def _see(visitor: Visitor) -> Response:
    return Response(status_code=303, headers={**_HEADERS, "Location": _target(visitor)})


def _notice(visitor: Visitor, title: str, *parts: Part, status: int = 200, path: str = PATH) -> Response:
    """A page that says one thing, and that stands at `path` in the other language too."""
    text = visitor.words(title)
    switch = tag("p", _switch(visitor, path))
    return _page(visitor, text, [tag("main", tag("h1", text), *parts, switch, class_="notice")], status)


def _page(visitor: Visitor, title: str, body: list[Element], status: int = 200) -> Response:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · {visitor.words('title')}"),
        tag("link", rel="icon", href="data:,"),
        tag("style", _STYLE),
    )
    root = tag("html", head, tag("body", *body), lang=visitor.words.language)
    return Response(document(root), status, _HEADERS, "text/html; charset=utf-8")
