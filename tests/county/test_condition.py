"""What the server knows of its county, read from both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.county.condition import Condition, DeviceCondition, read_condition
from sync.county.office import TLS_CERTIFICATE, County
from tests.browser.lively import DAY, HOUR, MINUTE, Lively

NOW = 1_790_000_000


@pytest.fixture
def county(tmp_path: Path, database_url: str | None) -> Iterator[County]:
    county = County.init(tmp_path / "county", "青禾县", database_url)
    yield county
    county.close()


def look(county: County) -> Condition:
    return read_condition(county.engine, county.folder, county.folder / TLS_CERTIFICATE, NOW)


def devices(condition: Condition) -> dict[str, DeviceCondition]:
    return {one.name: one for station in condition.stations for one in station.devices}


def test_a_new_county_has_nothing_and_says_what_it_is(county: County, database_url: str | None) -> None:
    condition = look(county)
    assert (condition.county, condition.now) == ("青禾县", NOW)
    assert condition.database == ("postgresql" if database_url else "sqlite")
    assert condition.database_bytes > 10_000
    assert 0 < condition.disk_free <= condition.disk_total
    assert condition.tls_expires > NOW + 10 * 365 * DAY
    assert len(bytes.fromhex(condition.incarnation)) == 16
    assert condition.version[0].isdigit()
    assert not condition.stations
    assert not condition.refused
    assert not condition.quarantine
    assert condition.backup is None


def test_each_device_has_its_times_and_amounts(county: County) -> None:
    Lively(county, NOW).fill()
    found = devices(look(county))
    nurse = found["公卫科电脑"]
    assert (nurse.seen, nurse.newest) == (NOW - 51 * MINUTE, NOW - 20 * HOUR)
    assert (nurse.changes, nurse.uploading) == (7_250, 700 * 1024)
    assert nurse.admitted == NOW - 380 * DAY
    idle = found["德育处电脑"]
    assert (idle.seen, idle.newest, idle.changes, idle.uploading) == (None, None, 0, 0)
    assert found["下乡筛查笔记本"].revoked == NOW - 9 * DAY
    assert found["下乡筛查笔记本（新）"].revoked is None
    assert look(county).backup == NOW - 9 * HOUR


def test_a_device_of_two_streams_counts_both_and_shows_the_newest(county: County) -> None:
    lively = Lively(county, NOW)
    device = lively.admit("青禾镇卫生院", "一号机", DAY)
    lively.came(device, seen=HOUR, newest=5 * HOUR, changes=40)
    lively.came(device, seen=HOUR, newest=3 * HOUR, changes=2)
    found = devices(look(county))["一号机"]
    assert (found.newest, found.changes) == (NOW - 3 * HOUR, 42)


def test_a_certificate_says_how_long_it_is_good(county: County) -> None:
    lively = Lively(county, NOW)
    lively.ends(lively.admit("青禾镇卫生院", "一号机", DAY), "2026-12-24")
    assert devices(look(county))["一号机"].expires == "2026-12-24"


def test_refusals_and_quarantine_are_counted_by_device_and_reason_newest_first(county: County) -> None:
    lively = Lively(county, NOW)
    one, other = (lively.admit("青禾镇卫生院", name, DAY) for name in ("一号机", "二号机"))
    lively.refused(one, "sync.refused_gap", 3, 2 * DAY)
    lively.refused(one, "sync.refused_gap", 1, 1 * DAY)
    lively.refused(one, "sync.refused_fork", 1, 3 * DAY)
    lively.refused(other, "sync.refused_gap", 1, HOUR)
    lively.quarantined(other, "sync.refused_revoked", 4, DAY)
    condition = look(county)
    assert [(held.device, held.reason, held.count, held.last) for held in condition.refused] == [
        (other.id.hex(), "sync.refused_gap", 1, NOW - HOUR),
        (one.id.hex(), "sync.refused_gap", 4, NOW - DAY),
        (one.id.hex(), "sync.refused_fork", 1, NOW - 3 * DAY),
    ]
    # Each of these four lay in a stream of its own.
    assert [(held.device, held.count, held.last) for held in condition.quarantine] == [(other.id.hex(), 4, NOW - DAY)]
