"""A device is revoked: what it wrote before stays, what comes of it later is set apart, and the keys are changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.archive import Archive
from storage.errors import Problem
from storage.quarantine import Apart
from storage.records import Draft
from sync.engine import meet
from sync.papers import Grant
from sync.segments import read_header
from sync.store import REVOKED
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop


def add_person(archive: Archive, name: str) -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name})])
    return person


def names(archive: Archive) -> set[str]:
    return {record.fields["name"] for record in archive.find("person")}


def acquaint(station: Station) -> None:
    for _ in range(2):
        for archive in station.archives:
            meet(archive.meeting, station.server)


def newest_epoch(archive: Archive) -> int:
    return max(archive.device.scopes.keys(archive.device.scope))


@pytest.fixture
def known(station: Station) -> Station:
    """Two devices that have each other's keys and one person each, and a folder for a stick."""
    acquaint(station)
    for archive, name in zip(station.archives, ("李雷", "韩梅"), strict=True):
        add_person(archive, name)
    acquaint(station)
    (station.folder / "stick").mkdir()
    return station


def test_a_revoked_device_gets_nothing_and_its_later_work_counts_nowhere(known: Station) -> None:
    ours, lost = known.archives
    stick = FolderStore(known.folder / "stick")
    known.county.revoke(lost.device.names.device)
    add_person(lost, "捡到电脑的人")
    meet(lost.meeting, stick)
    meet(ours.meeting, known.server)
    assert names(ours) == {"李雷", "韩梅"}, "what was handed in before stays"
    refused = meet(ours.meeting, stick).refused
    assert [(one.stream, one.reason) for one in refused] == [(lost.device.stream[1], REVOKED)]
    assert names(ours) == {"李雷", "韩梅"}
    assert ours.meeting.apart() == [Apart(lost.device.stream[1], 2, REVOKED)]
    assert ours.verify() == []


def test_after_a_revocation_everybody_else_writes_under_a_key_that_the_device_does_not_get(known: Station) -> None:
    ours, lost = known.archives
    known.county.revoke(lost.device.id.hex()[:12])
    meet(ours.meeting, known.server)
    add_person(ours, "以后的人")
    meet(ours.meeting, known.server)
    epoch = newest_epoch(ours)
    assert epoch > newest_epoch(lost)
    *_, last = known.server.read(ours.device.scope, ours.device.stream[1], 1)
    assert read_header(last.data).epoch == epoch
    assert all(one.recipient != lost.device.id for one in ours.device.papers(Grant) if one.epoch == epoch)
    # Even with every byte that the server has.
    for segment in known.server.read(ours.device.scope, ours.device.stream[1], 2):
        lost.meeting.append(ours.device.scope, [segment])
    lost.meeting.settle()
    assert "以后的人" not in names(lost)


def test_a_third_device_gets_the_new_key_and_reads_what_was_and_what_is(workshop: Workshop) -> None:
    with workshop.station(3) as station:
        ours, other, lost = station.archives
        acquaint(station)
        add_person(ours, "从前的人")
        acquaint(station)
        station.county.revoke(lost.device.names.device)
        meet(ours.meeting, station.server)
        add_person(ours, "以后的人")
        meet(ours.meeting, station.server)
        meet(other.meeting, station.server)
        assert names(other) == {"从前的人", "以后的人"}
        assert newest_epoch(other) == newest_epoch(ours)
        assert other.state_hash() == ours.state_hash()


def test_two_devices_that_begin_an_epoch_each_without_knowing_of_each_other_read_each_other(workshop: Workshop) -> None:
    with workshop.station(3) as station:
        ours, other, lost = station.archives
        acquaint(station)
        station.county.revoke(lost.device.names.device)
        papers = station.server.read_papers(ours.device.scope, station.server.overview(ours.device.scope).papers)
        for archive, name in ((ours, "甲"), (other, "乙")):
            archive.meeting.add_papers(archive.device.scope, papers)
            archive.meeting.settle()
            add_person(archive, name)
            archive.meeting.seal()
        assert newest_epoch(ours) != newest_epoch(other)
        for archive in (ours, other, ours, other):
            meet(archive.meeting, station.server)
        assert names(ours) == names(other) == {"甲", "乙"}
        assert newest_epoch(ours) == newest_epoch(other)


def test_what_came_by_stick_before_the_revocation_was_known_is_taken_out_again(known: Station) -> None:
    ours, lost = known.archives
    stick = FolderStore(known.folder / "stick")
    known.county.revoke(lost.device.names.device)
    person = ours.find("person", {"name": "李雷"})[0]
    found = lost.get("person", person.id)
    assert found is not None
    lost.save([Draft.edit(found, {"name": "被改的名字"})])
    add_person(lost, "捡到电脑的人")
    meet(lost.meeting, stick)
    state = ours.state_hash()
    meet(ours.meeting, stick)
    assert names(ours) == {"被改的名字", "韩梅", "捡到电脑的人"}
    meet(ours.meeting, known.server)
    assert names(ours) == {"李雷", "韩梅"}
    assert ours.state_hash() == state
    assert ours.verify() == []
    assert known.county.status().changes == 2


def test_the_county_may_let_count_what_was_written_after_all(known: Station) -> None:
    ours, lost = known.archives
    stick = FolderStore(known.folder / "stick")
    known.county.revoke(lost.device.names.device)
    add_person(lost, "真的见过的人")
    meet(lost.meeting, stick)
    meet(ours.meeting, known.server)
    meet(ours.meeting, stick)
    assert "真的见过的人" not in names(ours)
    # Whoever set it apart shows it to the county, once.
    assert meet(ours.meeting, known.server).refused == []
    assert ours.meeting.untold(ours.device.scope) == []
    done = known.county.revoke(lost.device.names.device, accept_later=True)
    assert (done.accepted, done.apart) == (1, 0)
    meet(ours.meeting, known.server)
    assert "真的见过的人" in names(ours)
    assert ours.meeting.apart() == []
    # It is still revoked.
    add_person(lost, "捡到电脑的人")
    meet(lost.meeting, stick)
    meet(ours.meeting, stick)
    assert "捡到电脑的人" not in names(ours)
    assert ours.verify() == []


def test_a_device_that_was_revoked_by_mistake_joins_again_and_loses_nothing(known: Station, workshop: Workshop) -> None:
    ours, device = known.archives
    known.county.revoke(device.device.names.device)
    add_person(device, "待上传的人")
    meet(ours.meeting, known.server)
    assert names(device) == {"李雷", "韩梅", "待上传的人"}, "its own work stays readable for itself"
    workshop.join(device, known.county)
    for archive in (device, ours, device, ours):
        meet(archive.meeting, known.server)
    assert names(ours) == {"李雷", "韩梅", "待上传的人"}
    assert device.meeting.backlog().waiting == 0
    assert newest_epoch(ours) == newest_epoch(device)
    assert ours.state_hash() == device.state_hash()


def test_a_new_laptop_gets_the_whole_archive_of_a_lost_one_from_the_server(workshop: Workshop) -> None:
    with workshop.station(2) as station, workshop.archive(2) as new:
        ours, lost = station.archives
        acquaint(station)
        add_person(lost, "丢失前记下的人")
        acquaint(station)
        station.county.revoke(lost.device.names.device)
        workshop.join(new, station.county)
        for archive in (new, ours, new, ours):
            meet(archive.meeting, station.server)
        assert names(new) == names(ours) == {"丢失前记下的人"}
        assert new.state_hash() == ours.state_hash()
        assert new.verify() == []


def test_one_that_only_collects_reads_nothing_of_what_was_before_it_came(workshop: Workshop) -> None:
    with workshop.station(1) as station, workshop.archive(1) as field:
        (ours,) = station.archives
        add_person(ours, "从前的人")
        meet(ours.meeting, station.server)
        workshop.join(field, station.county, role="collector")
        for archive in (field, ours, field):
            meet(archive.meeting, station.server)
        add_person(field, "走访到的人")
        add_person(ours, "以后的人")
        for archive in (field, ours, field):
            meet(archive.meeting, station.server)
        assert names(ours) == {"从前的人", "走访到的人", "以后的人"}
        assert names(field) == {"走访到的人", "以后的人"}
        assert field.meeting.backlog().locked == 0
        # Made one of the station's own, it is given the rest.
        workshop.join(field, station.county)
        for archive in (field, ours, field):
            meet(archive.meeting, station.server)
        assert names(field) == names(ours)
        assert field.state_hash() == ours.state_hash()


def test_a_revocation_that_the_county_did_not_sign_revokes_nobody(known: Station, tmp_path: Path) -> None:
    ours, other = known.archives
    with_another = tmp_path / "another"
    shutil.copytree(known.county.folder, with_another)
    known.county.revoke(other.device.names.device)
    papers = known.server.read_papers(ours.device.scope, known.server.overview(ours.device.scope).papers)
    ours.meeting.add_papers(ours.device.scope, [paper[:-1] + bytes([paper[-1] ^ 1]) for paper in papers])
    ours.meeting.settle()
    assert ours.meeting.membership.ends(ours.device.scope) == {}


@pytest.mark.parametrize("named", ["没有这台", "00", "00000000"])
def test_a_device_that_nobody_knows_is_not_revoked(known: Station, named: str) -> None:
    with pytest.raises(Problem) as caught:
        known.county.revoke(named)
    assert caught.value.key == "county.no_such_device"
    assert all(one.revoked is None for one in known.county.devices())
