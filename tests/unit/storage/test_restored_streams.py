"""A restored archive goes on in a new stream, also where it had not met anybody when the backup was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.archive import Archive
from storage.backup import backup, restore
from storage.records import Draft
from sync.engine import meet
from tests.conftest import STATION, Station, Workshop


def add(archive: Archive, name: str) -> None:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name}, person=person)])


def names(archive: Archive) -> list[str]:
    return sorted(record.fields["name"] for record in archive.find("person"))


@pytest.mark.parametrize("where", [STATION, "另一个站"])
def test_a_backup_from_before_the_admission(workshop: Workshop, station: Station, tmp_path: Path, where: str) -> None:
    with workshop.archive(3) as lost:
        add(lost, "甲")
        made = backup(lost, tmp_path).path
        add(lost, "乙")
        workshop.join(lost, station.county, where)
        for _ in range(2):
            for one in (*station.archives, lost):
                meet(one.meeting, station.server)
        assert lost.meeting.backlog().waiting == 0
    restore(made, tmp_path / "restored.xinyi")
    with workshop.open(tmp_path / "restored.xinyi", 3) as again:
        add(again, "丙")
        workshop.join(again, station.county, where)
        for _ in range(2):
            for one in (again, *station.archives):
                assert not meet(one.meeting, station.server).refused
        assert names(again) == ["丙", "乙", "甲"]
        assert again.meeting.backlog().waiting == 0
        assert again.verify() == []
        if where == STATION:
            assert again.state_hash() == station.archives[0].state_hash()


def test_a_backup_from_before_the_key_of_the_station_came(workshop: Workshop, station: Station, tmp_path: Path) -> None:
    first, second = station.archives
    add(second, "甲")
    made = backup(second, tmp_path).path
    add(second, "乙")
    for _ in range(2):
        for one in (first, second):
            meet(one.meeting, station.server)
    second.close()
    restore(made, tmp_path / "restored.xinyi")
    with workshop.open(tmp_path / "restored.xinyi", 1) as again:
        add(again, "丙")
        for _ in range(2):
            for one in (again, first):
                assert not meet(one.meeting, station.server).refused
        assert names(again) == names(first) == ["丙", "乙", "甲"]
        assert again.meeting.backlog().waiting == 0
        assert again.verify() == []
        assert again.state_hash() == first.state_hash()
