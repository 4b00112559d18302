"""The administrator's links and sessions, in both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from sync.county import tables
from sync.county.office import County
from sync.county.visits import LINK_SECONDS, SESSION_SECONDS, Visits


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def county(tmp_path: Path, database_url: str | None) -> Iterator[County]:
    county = County.init(tmp_path / "county", "青禾县", database_url)
    yield county
    county.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visits(county: County, clock: Clock) -> Visits:
    return Visits(county.engine, clock)


def signed_in(visits: Visits) -> str:
    session = visits.enter(visits.invite())
    assert session is not None
    return session


def test_a_link_lets_in_once(visits: Visits) -> None:
    link = visits.invite()
    session = visits.enter(link)
    assert session is not None
    assert visits.is_open(session)
    assert visits.enter(link) is None


def test_of_many_who_use_a_link_at_once_one_gets_in(visits: Visits) -> None:
    link, sessions, start = visits.invite(), [], threading.Barrier(6)

    def enter() -> None:
        start.wait()
        sessions.append(visits.enter(link))

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(sessions) == 6
    assert sum(session is not None for session in sessions) == 1


def test_a_link_ends_after_a_quarter_of_an_hour(visits: Visits, clock: Clock) -> None:
    link = visits.invite()
    clock.now += LINK_SECONDS
    assert visits.enter(link) is None


def test_a_session_ends_after_a_working_day(visits: Visits, clock: Clock) -> None:
    session = signed_in(visits)
    clock.now += SESSION_SECONDS - 1
    assert visits.is_open(session)
    assert visits.sessions() == 1
    clock.now += 1
    assert not visits.is_open(session)
    assert visits.sessions() == 0


def test_a_new_link_ends_the_one_before_but_no_session(visits: Visits) -> None:
    session, first = signed_in(visits), visits.invite()
    second = visits.invite()
    assert visits.enter(first) is None
    assert visits.enter(second) is not None
    assert visits.is_open(session)


def test_a_link_is_no_session_and_a_session_no_link(visits: Visits) -> None:
    session = signed_in(visits)
    assert not visits.is_open(visits.invite())
    assert visits.enter(session) is None


@pytest.mark.parametrize("token", ["", "x", "\0", "\udcff", "’ OR 1=1 --", "甲" * 10_000])
def test_nothing_that_is_made_up_lets_in(visits: Visits, token: str) -> None:
    signed_in(visits)
    visits.invite()
    assert visits.enter(token) is None
    assert not visits.is_open(token)


def test_signing_out_ends_one_session_or_all(visits: Visits) -> None:
    first, second, third = (signed_in(visits) for _ in range(3))
    visits.leave(first)
    assert [visits.is_open(one) for one in (first, second, third)] == [False, True, True]
    visits.leave(first, everywhere=True)
    assert visits.sessions() == 2, "who is not signed in cannot sign others out"
    visits.leave(second, everywhere=True)
    assert visits.sessions() == 0


def test_the_database_knows_no_token_and_forgets_what_is_over(visits: Visits, county: County, clock: Clock) -> None:
    tokens = [signed_in(visits), visits.invite()]
    with county.engine.connect() as connection:
        rows = list(connection.execute(select(tables.visit)))
    assert len(rows) == 2
    assert not [token for token in tokens for row in rows if token.encode() in bytes(row.token)]
    clock.now += SESSION_SECONDS
    visits.invite()
    with county.engine.connect() as connection:
        assert len(list(connection.execute(select(tables.visit)))) == 1
