"""What the county's administrator does: setting up, admitting, looking after; and the server's own database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from storage.archive import Archive
from sync.county import tables
from sync.county.office import ROOT_KEY, SERVER_KEY, TLS_KEY, County
from sync.crypto import Signer
from sync.errors import EnvironmentProblem, Problem
from sync.papers import (
    Certificate,
    Receipt,
    Request,
    armour,
    open_certificate,
    open_paper,
    open_server,
    write_paper,
)
from sync.segments import Point, Segment

if TYPE_CHECKING:
    from tests.conftest import Chain, Workshop


@pytest.fixture
def county(tmp_path: Path, database_url: str | None) -> Iterator[County]:
    county = County.init(tmp_path / "county", "青禾县", database_url)
    yield county
    county.close()


def refusal(folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        County(folder)
    return caught.value


def content(county: County) -> list[object]:
    with county.engine.connect() as connection:
        version = connection.execute(text("SELECT * FROM alembic_version")).all()
        return [version, *(connection.execute(select(table)).all() for table in tables.metadata.sorted_tables)]


# ---- setting up ----


def test_a_county_is_the_same_after_it_was_opened_again(county: County) -> None:
    again = County(county.folder)
    assert (again.name, again.server.id, again.server_paper) == (county.name, county.server.id, county.server_paper)
    assert again.store.overview(bytes(16)).receipt == county.store.overview(bytes(16)).receipt
    again.close()


def test_keys_can_be_read_by_nobody_else(county: County) -> None:
    assert county.folder.stat().st_mode & 0o077 == 0
    for name in (ROOT_KEY, SERVER_KEY, TLS_KEY):
        assert (county.folder / name).stat().st_mode & 0o077 == 0


def test_a_folder_with_something_in_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear colleague")
    with pytest.raises(Problem) as caught:
        County.init(tmp_path, "青禾县")
    assert caught.value.key == "county.folder_in_use"
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_county_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "county").write_text("a file")
    with pytest.raises(EnvironmentProblem) as caught:
        County.init(tmp_path / "county", "青禾县")
    assert caught.value.key == "county.cannot_write"


def test_what_is_no_county_is_told(county: County, tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing").key == "county.not_a_county"
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").key == "county.not_a_county"
    assert list((tmp_path / "empty").iterdir()) == []
    (county.folder / SERVER_KEY).write_bytes(b"too short")
    assert refusal(county.folder).key == "county.not_a_county"


def test_a_county_of_a_newer_version_is_told_and_left_alone(county: County) -> None:
    with tables.writing(county.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = content(county)
    assert refusal(county.folder).key == "county.newer"
    assert content(county) == before


# ---- admitting ----


def test_an_admitted_device_gets_a_certificate_of_the_county(
    workshop: Workshop, archive: Archive, county: County
) -> None:
    workshop.join(archive, county, "青禾镇卫生院")
    certificate, server = archive.device.certificate, archive.device.server
    assert certificate is not None
    assert server == open_server(county.server_paper)
    assert server is not None
    (paper,) = [data for body, data in archive.device.papers_with_data(Certificate) if body == certificate]
    assert open_certificate(paper, server.county_key) == certificate
    assert (certificate.device, certificate.role, certificate.scope) == (
        archive.device.id,
        "station",
        archive.device.scope,
    )
    (device,) = county.devices()
    assert (device.device, device.station, device.seen) == (archive.device.id.hex(), "青禾镇卫生院", None)
    status = county.status()
    assert (status.county, status.stations, status.devices, status.segments) == ("青禾县", 1, 1, 0)


def test_a_device_put_down_under_the_wrong_station_is_told_where_it_is(
    workshop: Workshop, archive: Archive, county: County
) -> None:
    workshop.join(archive, county, "甲站")
    with pytest.raises(Problem) as caught:
        workshop.admission(archive, county, "乙站")
    assert (caught.value.key, caught.value.values) == ("county.device_elsewhere", {"station": "甲站"})
    assert county.status().stations == 1


def test_the_root_key_can_be_kept_elsewhere_between_admissions(
    workshop: Workshop, archive: Archive, county: County, tmp_path: Path
) -> None:
    (county.folder / ROOT_KEY).rename(tmp_path / ROOT_KEY)
    again = County(county.folder)
    assert again.server_paper == county.server_paper
    with pytest.raises(Problem) as caught:
        workshop.admission(archive, again)
    assert (caught.value.key, caught.value.values["file"]) == ("county.no_root_key", ROOT_KEY)
    assert again.devices() == []
    (tmp_path / ROOT_KEY).rename(county.folder / ROOT_KEY)
    workshop.join(archive, again)
    again.close()


def test_a_device_with_an_endless_name_can_be_admitted(county: County) -> None:
    device = Signer.generate()
    request = Request(device.id, device.public_key, b"", "名" * 5000, "站", bytes(16))
    county.admit(armour(write_paper(request, device), Request), "站", "station", "request.txt")
    assert [len(one.name) for one in county.devices()] == [tables.MAX_NAME]


# ---- the database ----


def admit(county: County, chain: Chain) -> bytes:
    """Make the chain's device a member; returns its scope."""
    device, scope = chain.device, chain.scope_key.scope
    request = Request(device.id, device.public_key, b"", "设备", "站", scope)
    county.admit(armour(write_paper(request, device), Request), "站", "station", "request.txt")
    return scope


def test_the_server_keeps_what_it_took_and_gives_it_back_as_it_was(county: County, chain: Chain) -> None:
    scope, segments = admit(county, chain), chain(4)
    assert county.store.append(scope, segments[:3])[:2] == (3, "")
    assert county.store.append(scope, segments)[:2] == (4, "")
    ((stream, point),) = county.store.overview(scope).vector.items()
    assert point.seq == 4
    assert county.store.read(scope, stream, 1) == segments
    assert county.store.read(scope, stream, 4) == segments[3:]
    assert county.store.read(b"x" * 16, stream, 1) == []
    status = county.status()
    assert (status.segments, status.changes) == (4, 4)
    assert status.bytes == sum(len(one.data) + len(one.envelopes) for one in segments)


def test_a_fork_at_the_server_is_told_and_the_first_one_stays(county: County, chain: Chain) -> None:
    scope, stream = admit(county, chain), chain.stream()
    first, second = chain(2, stream=stream), chain(3, stream=stream)
    county.store.append(scope, first)
    for offered in (second, second[1:], second[2:]):
        assert county.store.append(scope, offered)[:2] == (0, "sync.refused_fork")
    assert county.store.read(scope, stream, 1) == first


def test_segments_before_a_refused_one_are_kept(county: County, chain: Chain) -> None:
    scope, segments = admit(county, chain), chain(3)
    assert county.store.append(scope, [segments[0], segments[2], segments[1]])[:2] == (1, "sync.refused_gap")
    assert [point.seq for point in county.store.overview(scope).vector.values()] == [1]


def test_the_receipt_says_just_what_is_there(county: County, chain: Chain) -> None:
    scope, segments = admit(county, chain), chain(2)
    county.store.append(scope, segments)
    overview = county.store.overview(scope)
    receipt = open_paper(overview.receipt, Receipt, county.server.public_key)
    assert receipt.vector == overview.vector
    assert receipt.scope == scope
    assert all(isinstance(point, Point) for point in receipt.vector.values())


def test_several_that_hand_in_at_once_wait_for_each_other(county: County, chain: Chain) -> None:
    """Different streams, and one of them twice, into one embedded database."""
    scope = admit(county, chain)
    batches = [chain(15) for _ in range(3)]

    def hand_in(batch: list[Segment]) -> set[tuple[int, str]]:
        return {county.store.append(scope, [segment])[:2] for segment in batch}

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(hand_in, [*batches, batches[0]]))
    assert answers == [{(1, "")}] * 4
    assert [point.seq for point in county.store.overview(scope).vector.values()] == [15, 15, 15]
    assert county.status().changes == 45


def test_a_connection_that_comes_back_after_the_county_was_closed_is_closed_too(
    tmp_path: Path, database_url: str | None
) -> None:
    county = County.init(tmp_path / "county", "青禾县", database_url)
    late = county.engine.connect()
    driver: Any = late.connection.driver_connection
    county.close()
    assert late.execute(select(tables.setting.c.name)).first() is not None
    late.close()
    with pytest.raises(Exception, match="closed"):
        driver.execute("SELECT 1")
