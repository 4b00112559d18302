"""The status page's answers, looked at without a browser: headers, forms that are none, too many tries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from sync.county.status_page import COOKIE, MAX_FORM, TRIES

if TYPE_CHECKING:
    from tests.browser.conftest import Served


@contextmanager
def calling(served: Served, address: str = "127.0.0.1") -> Iterator[httpx.Client]:
    """A client that keeps cookies, as if from another computer where another address is given."""
    transport = httpx.HTTPTransport(verify=False, local_address=address)
    with httpx.Client(base_url=served.url, transport=transport, trust_env=False) as client:
        yield client


def token(served: Served) -> str:
    return served.link().rpartition("/")[2]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/status", 403),
        ("GET", "/status/link/x", 200),
        ("POST", "/status/session", 403),
        ("POST", "/status/leave", 303),
        ("GET", "/status/session", 303),
        ("GET", "/status/leave", 303),
    ],
)
def test_every_answer_forbids_what_a_page_could_do(served: Served, method: str, path: str, status: int) -> None:
    with calling(served) as client:
        answer = client.request(method, path)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not [one for one in policy if "unsafe" in one or "script" in one or "*" in one]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    # A browser that has seen this once lets nobody past a certificate that it does not know, not even knowingly.
    assert "strict-transport-security" not in answer.headers


def test_the_way_in_goes_through_a_body_and_leads_to_an_address_without_a_secret(served: Served) -> None:
    secret = token(served)
    with calling(served) as client:
        assert client.get(f"/status/session?token={secret}").headers["location"] == "/status"
        answer = client.post("/status/session", data={"token": secret})
        assert (answer.status_code, answer.headers["location"]) == (303, "/status")
        assert answer.content == b""
        assert COOKIE in client.cookies
        page = client.get("/status")
    assert page.status_code == 200
    assert client.cookies[COOKIE] not in page.text
    assert secret not in page.text


def test_a_cookie_that_is_made_up_opens_nothing(served: Served) -> None:
    with calling(served) as client:
        for value in ("", "x", "a" * 4000, token(served)):
            assert client.get("/status", headers={"Cookie": f"{COOKIE}={value}"}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\0", b"token", b"token=%ff%fe", b"&" * MAX_FORM, b"a=1&" * 99, b"token=" + b"x" * 10 * MAX_FORM],
)
def test_a_form_that_is_none_is_refused_with_a_page(served: Served, body: bytes) -> None:
    with calling(served, "127.0.0.3") as client:
        answer = client.post("/status/session", content=body)
    assert answer.status_code == 403
    assert "xinyi county status" in answer.text


def test_a_link_that_was_copied_with_what_stood_around_it_works(served: Served) -> None:
    with calling(served) as client:
        page = client.get(f"/status/link/（{token(served)}）。").text
        (found,) = re.findall(r'name="token" value="([^"]*)"', page)
        assert client.post("/status/session", data={"token": found}).status_code == 303


def test_a_path_that_is_no_token_leaves_no_trace_in_the_page(served: Served) -> None:
    with calling(served) as client:
        answer = client.get("/status/link/%22%3E%3Cscript%3E%C3%28%0d%0aSet-Cookie:x=1")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "set-cookie" not in answer.headers


def test_who_tries_links_is_made_to_wait_and_others_are_not(served: Served) -> None:
    with calling(served, "127.0.0.4") as guesser:
        answers = [guesser.post("/status/session", data={"token": f"{number}"}) for number in range(TRIES + 5)]
        held = [answer for answer in answers if answer.status_code == 429]
        assert held
        assert int(held[0].headers["retry-after"]) >= 1
        good = token(served)
        # Not even a good link helps there now; it is not used up by that.
        while guesser.post("/status/session", data={"token": "x"}).status_code != 429:
            pass
        assert guesser.post("/status/session", data={"token": good}).status_code == 429
    with calling(served) as other:
        assert other.post("/status/session", data={"token": good}).status_code == 303
