"""When the program tries by itself: soon for what is urgent, more and more rarely where nobody answers, never not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.opportunities import (
    METERED,
    Metered,
    Opportunity,
    SyncRules,
    choose_metered,
    metered_choice,
    urgent_waiting,
)
from app.records import CATALOGUE, Alert, AlertStatus, Level, plain
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft

RULES = SyncRules.load()
MINUTE = 60_000
LONGEST = int(RULES.longest_minutes * MINUTE)
NOW = 5_000_000


def opportunity(chance: float = 0.0) -> Opportunity:
    return Opportunity(RULES, lambda: chance, NOW)


def test_pauses_double_up_to_an_hour() -> None:
    tried = opportunity()
    pauses = []
    for _ in range(9):
        tried.failed(NOW, lasting=False)
        pauses.append((tried.at - NOW) // MINUTE)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_chance_takes_off_a_part_so_that_stations_do_not_come_together() -> None:
    early, late = opportunity(1.0), opportunity(0.0)
    for one in (early, late):
        one.failed(NOW, lasting=False)
    assert early.at - NOW == (late.at - NOW) * (1 - RULES.jitter)


def test_what_only_a_person_can_mend_is_not_tried_every_minute() -> None:
    tried = opportunity()
    tried.failed(NOW, lasting=True)
    assert tried.at == NOW + LONGEST


def test_a_network_that_comes_back_ends_the_waiting() -> None:
    tried = opportunity()
    for _ in range(8):
        tried.failed(NOW, lasting=False)
    tried.cleared(NOW)
    assert tried.at <= NOW + RULES.network_seconds * 1000
    tried.failed(tried.at, lasting=False)
    assert tried.failures == 1


def test_a_good_meeting_ends_the_waiting() -> None:
    tried = opportunity()
    tried.failed(NOW, lasting=False)
    tried.succeeded(NOW)
    assert (tried.failures, tried.at) == (0, NOW + RULES.interval_minutes * MINUTE)


def test_something_urgent_is_tried_at_once_and_afterwards_waits_like_everything() -> None:
    tried = opportunity()
    tried.failed(NOW, lasting=True)
    tried.saw({b"alert"}, NOW)
    assert tried.at <= NOW + RULES.urgent_seconds * 1000
    tried.failed(NOW, lasting=False)
    paused = tried.at
    tried.saw({b"alert"}, NOW)
    assert tried.at == paused
    tried.saw({b"alert", b"another"}, NOW)
    assert tried.at < paused


@pytest.mark.parametrize(
    ("choice", "pressing", "may"),
    [
        ("never", True, False),
        ("never", False, False),
        ("urgent", True, True),
        ("urgent", False, False),
        ("always", True, True),
        ("always", False, True),
    ],
)
def test_a_network_paid_by_volume_is_used_as_somebody_chose(choice: Metered, pressing: bool, may: bool) -> None:
    tried = opportunity()
    tried.saw({b"alert"} if pressing else set(), NOW)
    assert tried.may_use(choice) is may


class Event(NamedTuple):
    name: str
    later: int
    urgent: frozenset[bytes]
    chance: float


events = st.builds(
    Event,
    st.sampled_from(["saw", "came", "off", "good", "bad", "lasting"]),
    st.integers(0, 2 * LONGEST),
    st.frozensets(st.sampled_from([b"a", b"b", b"c"])),
    st.floats(0, 1),
)


@given(st.lists(events, max_size=30))
def test_whatever_happens_there_is_a_next_try_within_an_hour(happened: list[Event]) -> None:
    now = NOW
    chances = iter([one.chance for one in happened])
    tried = Opportunity(RULES, lambda: next(chances), now)
    for one in happened:
        now += one.later
        # As the window does: what is due is tried and fails, at the latest before the next thing happens.
        tried.at = max(now, tried.at)
        match one.name:
            case "saw":
                tried.saw(one.urgent, now)
            case "came":
                tried.cleared(now)
            case "off":
                tried.put_off(now)
            case "good":
                tried.succeeded(now)
            case _:
                tried.failed(now, lasting=one.name == "lasting")
        assert now <= tried.at <= now + LONGEST
        assert tried.failures >= 0


# ---- what is urgent, in an archive ----


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    owner = Owner("王老师", "correct horse", Names("laptop", "示范中学"))
    with Archive.create(tmp_path / "a.xinyi", owner, CATALOGUE) as made:
        yield made


def alert(archive: Archive, level: Level, status: AlertStatus) -> bytes:
    person, record = archive.new_id(), archive.new_id()
    fields = Alert(level, status, "phq-9", archive.new_id(), (), "1", 1, 2)
    archive.save(
        [
            Draft.new("person", person, {"name": "李雷"}, person=person),
            Draft.new("alert", record, plain(fields), person=person),
        ]
    )
    return record


@pytest.mark.parametrize(
    ("level", "status", "urgent"),
    [
        ("red", "open", True),
        ("orange", "confirmed", True),
        ("yellow", "open", False),
        ("red", "closed", False),
    ],
)
def test_red_and_orange_alerts_that_nobody_closed_are_urgent(
    archive: Archive, level: Level, status: AlertStatus, urgent: bool
) -> None:
    record = alert(archive, level, status)
    assert urgent_waiting(archive, RULES) == ({record} if urgent else set())


def test_everything_else_is_not(archive: Archive) -> None:
    archive.save([Draft.new("group", archive.new_id(), {"name": "七年级1班"})])
    assert urgent_waiting(archive, RULES) == set()


def test_the_choice_for_networks_paid_by_volume_is_remembered(archive: Archive) -> None:
    assert metered_choice(archive) == METERED[0]
    choose_metered(archive, "never")
    assert metered_choice(archive) == "never"


def test_the_rules_say_where_they_come_from() -> None:
    assert RULES.source
    assert 0 <= RULES.jitter < 1
    assert msgspec.structs.asdict(RULES)["history"] == 50


def test_what_the_county_has_is_no_longer_urgent_until_something_happens_to_it(archive: Archive) -> None:
    record = alert(archive, "red", "open")
    archive.meeting.seal()
    with archive.transaction():
        archive._connection.execute("UPDATE stream SET acknowledged = next_ordinal - 1")
    assert urgent_waiting(archive, RULES) == set()
    kept = archive.get("alert", record)
    assert kept is not None
    archive.save([Draft.edit(kept, {"status": "confirmed"})])
    assert urgent_waiting(archive, RULES) == {record}
