"""What the county publishes: signed once, in every station by whatever way, and nothing that anybody else signed."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import pytest

from storage.archive import Archive
from storage.errors import Problem
from sync.county.backup import back_up, restore
from sync.county.office import ROOT_KEY, County
from sync.crypto import Signer
from sync.engine import meet
from sync.papers import Publication, content_of, open_publication, paper_id, read_paper, write_paper, write_publication
from sync.store import state_digest
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop

NAME, FILE = "definition/example/1.0.0", "定义".encode() * 1000


def get(archive: Archive, county: County) -> list[tuple[str, bytes]]:
    meet(archive.meeting, county.store)
    return archive.publications()


def test_every_station_gets_what_is_published_and_a_later_one_too(station: Station, workshop: Workshop) -> None:
    first, second = station.archives
    meet(first.meeting, station.county.store)
    station.county.publish(NAME, FILE)
    assert get(first, station.county) == [(NAME, FILE)]
    with workshop.archive(3) as newcomer:
        workshop.join(newcomer, station.county, "白石乡卫生院")
        assert get(newcomer, station.county) == [(NAME, FILE)]
    assert get(second, station.county) == [(NAME, FILE)]
    here = first.meeting.overviews({})
    assert state_digest(here) == state_digest(station.county.store.holdings(here)), "and then all is said"


def test_of_one_name_the_last_counts_whatever_the_clock_says(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    station.county.publish(NAME, FILE)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    station.county.publish(NAME, b"mended")
    station.county.publish("definition/other/1.0.0", b"other")
    expected = [(NAME, b"mended"), ("definition/other/1.0.0", b"other")]
    assert get(station.archives[0], station.county) == expected
    assert [one.name for one in station.county.published()] == [name for name, _ in expected]


def test_a_stick_carries_it_on(station: Station) -> None:
    first, second = station.archives
    station.county.publish(NAME, FILE)
    get(first, station.county)
    stick = station.folder / "stick"
    stick.mkdir()
    for archive in (first, second):
        meet(archive.meeting, FolderStore(stick))
    assert second.publications() == [(NAME, FILE)]


def test_a_restored_server_takes_it_back_for_every_station(station: Station, workshop: Workshop) -> None:
    back_up(station.county, station.folder / "backup")
    station.county.publish(NAME, FILE)
    get(station.archives[0], station.county)
    key = (station.county.folder / ROOT_KEY).read_bytes()
    restore(station.folder / "backup", station.folder / "restored", None)
    county = County(station.folder / "restored")
    (county.folder / ROOT_KEY).write_bytes(key)
    assert county.published() == []
    get(station.archives[0], county)
    assert [one.name for one in county.published()] == [NAME]
    with workshop.archive(3) as newcomer:
        workshop.join(newcomer, county, "白石乡卫生院")
        assert get(newcomer, county) == [(NAME, FILE)]
    county.close()


def test_nobody_else_can_publish(station: Station) -> None:
    first, second = station.archives
    real = station.county.publish(NAME, FILE)
    forged = [
        write_publication(NAME, 9, b"forged", Signer.generate()),
        write_paper(Publication(open_publication(real, _county_key(first)).county, NAME, 9, b""), first.device.signer),
        real[:-1] + bytes([real[-1] ^ 1]),
    ]
    scope = first.device.scope
    assert station.county.store.add_papers(scope, forged) == [paper_id(one) for one in forged]
    assert second.meeting.add_papers(scope, forged) == [paper_id(one) for one in forged]
    assert second.publications() == []
    assert get(first, station.county) == [(NAME, FILE)]


def test_what_is_large_is_not_published_and_what_is_broken_is_empty() -> None:
    with pytest.raises(Problem) as caught:
        write_publication(NAME, 1, secrets.token_bytes(600 << 10), Signer.generate())
    assert caught.value.key == "county.publication_too_large"
    bomb = write_publication(NAME, 1, bytes(8 << 20), Signer.generate())
    assert len(bomb) < 2000
    broken = Publication(b"c" * 16, NAME, 1, read_paper(bomb, Publication).content[:-5])
    assert content_of(broken) == b""


def _county_key(archive: Archive) -> bytes:
    server = archive.device.server
    assert server is not None
    return server.county_key
