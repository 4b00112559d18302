"""Bodies that come in pieces: what is kept, for whom, how much, and for how long. On both kinds of databases."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.county import tables
from sync.county.pieces import MAX_BODIES, Pieces
from sync.crypto import digest
from tests.effort import examples

if TYPE_CHECKING:
    from tests.conftest import Workshop
    from tests.county.conftest import KeptIn

DEVICE, OTHER = b"d" * 16, b"e" * 16
LIMIT = 4096


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, workshop: Workshop, kept_in: KeptIn) -> Iterator[Pieces]:
    with workshop.station() as station, kept_in(request.param, station):
        yield Pieces(station.county.engine, LIMIT)


@examples(40)
@given(body=st.binary(max_size=200), parts=st.lists(st.tuples(st.integers(0, 220), st.integers(0, 80))))
def test_whatever_pieces_come_in_whatever_order_only_the_true_body_can_come_of_them(
    kept: Pieces, body: bytes, parts: list[tuple[int, int]]
) -> None:
    body = secrets.token_bytes(16) + body
    name = digest(body)
    here = 0
    for start, size in parts:
        after = kept.add(DEVICE, name, start, body[start : start + size])
        assert after == max(here, min(start + size, len(body))) if start <= here else after == here
        here = after
    assert kept.size(DEVICE, name) == here
    assert kept.add(DEVICE, name, here, body[here:]) == len(body)
    assert kept.whole(DEVICE, name) == body


def test_a_body_can_be_asked_for_again_when_the_answer_was_lost(kept: Pieces) -> None:
    body = secrets.token_bytes(100)
    kept.add(DEVICE, digest(body), 0, body)
    assert kept.whole(DEVICE, digest(body)) == kept.whole(DEVICE, digest(body)) == body


def test_pieces_belong_to_the_device_that_brought_them(kept: Pieces) -> None:
    body = secrets.token_bytes(100)
    kept.add(DEVICE, digest(body), 0, body)
    assert kept.size(OTHER, digest(body)) == 0
    assert kept.whole(OTHER, digest(body)) is None


def test_bytes_that_do_not_make_up_the_body_are_thrown_away_so_that_it_can_come_again(kept: Pieces) -> None:
    body = secrets.token_bytes(100)
    kept.add(DEVICE, digest(body), 0, bytes(100))
    assert kept.whole(DEVICE, digest(body)) is None
    assert kept.size(DEVICE, digest(body)) == 0
    kept.add(DEVICE, digest(body), 0, body)
    assert kept.whole(DEVICE, digest(body)) == body


def test_no_body_grows_beyond_the_limit(kept: Pieces) -> None:
    name = secrets.token_bytes(32)
    assert kept.add(DEVICE, name, 0, bytes(LIMIT - 1)) == LIMIT - 1
    assert kept.add(DEVICE, name, LIMIT - 1, bytes(10)) == LIMIT
    assert kept.add(DEVICE, name, LIMIT, bytes(10)) == LIMIT
    assert kept.add(DEVICE, secrets.token_bytes(32), 0, bytes(LIMIT + 100)) == LIMIT


def test_only_the_last_few_bodies_of_a_device_are_kept(kept: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_799_000_000
    names = [secrets.token_bytes(32) for _ in range(MAX_BODIES + 3)]
    monkeypatch.setattr(time, "time", lambda: now)
    kept.add(OTHER, names[0], 0, b"of another device")
    for number, name in enumerate(names):
        monkeypatch.setattr(time, "time", lambda number=number: now + number)
        kept.add(DEVICE, name, 0, b"piece")
    sizes = [kept.size(DEVICE, name) for name in names]
    assert sizes == [0] * 3 + [5] * MAX_BODIES
    assert kept.size(OTHER, names[0]) > 0


def test_what_nobody_went_on_with_is_gone_after_two_days(kept: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000
    old, fresh = secrets.token_bytes(32), secrets.token_bytes(32)
    monkeypatch.setattr(time, "time", lambda: now)
    kept.add(OTHER, old, 0, b"piece")
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600)
    kept.add(OTHER, fresh, 0, b"piece")
    assert kept.size(OTHER, old) == 5, "a day later it is still there"
    monkeypatch.setattr(time, "time", lambda: now + 49 * 3600)
    kept.add(DEVICE, secrets.token_bytes(32), 0, b"of anybody")
    assert [kept.size(OTHER, name) for name in (old, fresh)] == [0, 5]


def test_the_same_piece_from_a_connection_that_hung_and_from_a_new_one_counts_once(kept: Pieces) -> None:
    body = secrets.token_bytes(LIMIT)
    name = digest(body)
    with ThreadPoolExecutor(4) as pool:
        for start in range(0, LIMIT, 512):
            piece = body[start : start + 512]
            ends = list(pool.map(lambda _, start=start, piece=piece: kept.add(DEVICE, name, start, piece), range(4)))
            assert set(ends) == {start + 512}
    assert kept.whole(DEVICE, name) == body
    with kept._engine.connect() as connection:
        rows = connection.execute(tables.piece.select().where(tables.piece.c.digest == name)).all()
    assert len(rows) == LIMIT // 512
