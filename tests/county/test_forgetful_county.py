"""A server that was put back from an old backup learns from the stations whom the county admitted and revoked since."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from storage.archive import Archive
from storage.errors import Problem
from storage.records import Draft
from sync.county.backup import back_up, restore
from sync.county.office import ROOT_KEY, County
from sync.crypto import Signer
from sync.engine import Transfer, meet
from sync.papers import Certificate, Grant, Revocation, write_grant, write_paper
from sync.store import REVOKED, state_digest
from sync.transports.folder import FolderStore
from sync.transports.http import HttpStore
from tests.county.inside import serving_inside
from tests.county.served import IMPATIENT

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop


class Scene:
    """Three devices of a station that know each other, and the county's server, which can be put back."""

    def __init__(self, station: Station, database_url: str | None) -> None:
        self.archives = station.archives
        self.county = station.county
        self.folder = station.folder
        self._database_url = database_url

    def meet(self, archive: Archive) -> Transfer:
        return meet(archive.meeting, self.county.store)

    def all_meet(self, *archives: Archive) -> None:
        for _ in range(2):
            for archive in archives or self.archives:
                self.meet(archive)

    def back_up(self) -> None:
        back_up(self.county, self.folder / "backup")

    def put_back(self) -> None:
        """The computer burned down: what there is now is the backup, and the key from the safe."""
        key = (self.county.folder / ROOT_KEY).read_bytes()
        self.county.close()
        restore(self.folder / "backup", self.folder / "restored", self._database_url)
        self.county = County(self.folder / "restored")
        (self.county.folder / ROOT_KEY).write_bytes(key)

    def revoked(self) -> set[str]:
        return {one.device for one in self.county.devices() if one.revoked is not None}


def add_person(archive: Archive, name: str) -> None:
    archive.save([Draft.new("person", archive.new_id(), {"name": name})])


def names(archive: Archive) -> set[str]:
    return {record.fields["name"] for record in archive.find("person")}


def is_quiet(scene: Scene, archive: Archive) -> bool:
    """Whether both have the same, so that a meeting is one short call."""
    here = archive.meeting.overviews({})
    return state_digest(here) == state_digest(scene.county.store.holdings(here))


def agree(scene: Scene, *archives: Archive) -> set[str]:
    """Whom some devices know, all of them the same, with nothing left to say to the county."""
    assert len({archive.state_hash() for archive in archives}) == 1
    assert all(is_quiet(scene, archive) for archive in archives)
    known, *others = [names(archive) for archive in archives]
    assert all(other == known for other in others)
    return known


@pytest.fixture
def scene(workshop: Workshop, database_url: str | None) -> Iterator[Scene]:
    """What is put back goes into both databases."""
    with workshop.station(3) as station:
        scene = Scene(station, database_url)
        scene.all_meet()
        scene.back_up()
        yield scene
        scene.county.close()


def test_a_revocation_that_was_forgotten_comes_back_with_the_first_colleague(scene: Scene) -> None:
    ours, colleague, lost = scene.archives
    for archive in (lost, ours):
        add_person(archive, archive.device.names.device)
        scene.meet(archive)
    scene.county.revoke(lost.device.id.hex())
    scene.all_meet(ours, colleague)
    scene.put_back()
    assert scene.revoked() == set()
    assert scene.meet(ours).server == "restored"
    assert scene.revoked() == {lost.device.id.hex()}
    scene.all_meet(ours, colleague)
    assert agree(scene, ours, colleague) == {"第0台", "第2台"}, "what it had handed in is handed in again"
    assert ours.meeting.backlog().waiting == 0


def test_revoking_again_by_hand_takes_nothing_out_that_counted(scene: Scene) -> None:
    ours, colleague, lost = scene.archives
    add_person(lost, "早已交上")
    scene.all_meet()
    scene.county.revoke(lost.device.id.hex())
    scene.all_meet(ours, colleague)
    scene.put_back()
    scene.county.revoke(lost.device.id.hex())
    scene.all_meet(ours, colleague)
    assert agree(scene, ours, colleague) == {"早已交上"}
    assert ours.meeting.apart() == colleague.meeting.apart() == []
    assert lost.device.stream[1] in scene.county.store.overview(ours.device.scope).vector


def test_revoking_again_by_hand_does_not_let_count_what_came_since(scene: Scene) -> None:
    ours, colleague, lost = scene.archives
    scene.county.revoke(lost.device.id.hex())
    scene.all_meet(ours)
    scene.put_back()
    add_person(lost, "捡到电脑的人")
    scene.meet(lost)
    scene.county.revoke(lost.device.id.hex())
    scene.meet(colleague)
    assert names(colleague) == {"捡到电脑的人"}, "nobody has told the county yet what it said before"
    scene.all_meet(ours, colleague)
    assert agree(scene, ours, colleague) == set()


def test_what_a_revoked_device_hands_in_while_it_is_forgotten_is_set_apart_later(scene: Scene) -> None:
    ours, colleague, lost = scene.archives
    add_person(lost, "从前")
    scene.all_meet()
    scene.county.revoke(lost.device.id.hex())
    scene.all_meet(ours)
    scene.put_back()
    add_person(lost, "捡到电脑的人")
    scene.meet(lost)
    scene.meet(colleague)
    assert names(colleague) == {"从前", "捡到电脑的人"}
    scene.all_meet(ours, colleague)
    assert agree(scene, ours, colleague) == {"从前"}
    assert {one.reason for one in colleague.meeting.apart()} == {REVOKED}
    assert scene.county.revoke(lost.device.id.hex(), accept_later=True).accepted == 1
    scene.all_meet(ours, colleague)
    assert names(ours) == names(colleague) == {"从前", "捡到电脑的人"}


def test_a_stream_that_was_written_anew_while_it_was_forgotten_does_not_count(scene: Scene, workshop: Workshop) -> None:
    ours, colleague, lost = scene.archives
    copied = scene.folder / "copied"
    shutil.copytree(lost.path.parent, copied)
    add_person(lost, "真的")
    scene.all_meet()
    scene.county.revoke(lost.device.id.hex())
    scene.all_meet(ours)
    scene.put_back()
    with workshop.open(copied / workshop.file, 2) as thief:
        for name in ("假的", "也是假的"):
            add_person(thief, name)
            scene.meet(thief)
    scene.all_meet(ours, colleague)
    assert agree(scene, ours, colleague) == {"真的"}


# ---- whom the county admitted ----


def test_a_device_that_was_forgotten_shows_its_certificate_and_is_known_again(
    workshop: Workshop, database_url: str | None
) -> None:
    with workshop.station() as station:
        scene = Scene(station, database_url)
        colleague = station.archives[0]
        with workshop.archive(2) as alone:
            scene.back_up()
            workshop.join(alone, scene.county, "白石乡中学")
            add_person(alone, "李雷")
            scene.meet(alone)
            scene.put_back()
            assert scene.county.store.member(alone.device.id) is None
            with serving_inside(scene.county) as url:
                for shown in (b"", colleague.device.certificate_paper):
                    with pytest.raises(Problem, match="unknown_device"):
                        meet_by_line(alone, url, shown)
                assert meet_by_line(alone, url, alone.device.certificate_paper).server == "restored"
            assert alone.meeting.backlog().waiting == 0
        assert {one.station for one in scene.county.devices()} == {"青禾镇卫生院", "白石乡中学"}
        scene.county.close()


def meet_by_line(archive: Archive, url: str, certificate: bytes) -> Transfer:
    server = archive.device.server
    assert server is not None
    with HttpStore(url, server, archive.device.signer, IMPATIENT, certificate=certificate) as store:
        return meet(archive.meeting, store)


def test_a_colleague_brings_the_certificate_of_somebody_who_was_forgotten(scene: Scene, workshop: Workshop) -> None:
    ours = scene.archives[0]
    with workshop.archive(3) as forgotten:
        workshop.join(forgotten, scene.county)
        add_person(forgotten, "李雷")
        scene.all_meet(ours, forgotten, ours)
        scene.put_back()
        scene.meet(ours)
        assert scene.county.store.member(forgotten.device.id) is not None
        scene.all_meet(forgotten, ours)
        assert names(ours) == names(forgotten) == {"李雷"}
        assert is_quiet(scene, forgotten)


def test_a_certificate_that_is_not_ours_or_has_run_out_lets_nobody_in(station: Station, workshop: Workshop) -> None:
    county = station.county
    root = Signer((county.folder / ROOT_KEY).read_bytes())
    with workshop.archive(2) as stranger:
        genuine = certificate_for(stranger, station, root)
        yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
        wrong: list[dict[str, Any]] = [
            {"county": b"c" * 16},
            {"device": b"d" * 16},
            {"expires": yesterday.isoformat()},
            {"expires": "某日"},
        ]
        papers = [write_paper(msgspec.structs.replace(genuine, **one), root) for one in wrong]
        papers += [b"", b"x" * 200, write_paper(genuine, Signer.generate()), write_paper(genuine, root)[:-1]]
        for paper in papers:
            assert county.store.introduce(paper) is None
        known = county.store.introduce(write_paper(genuine, root))
        assert known is not None
        assert known.device == stranger.device.id


def certificate_for(archive: Archive, station: Station, root: Signer) -> Certificate:
    known, device = station.archives[0].device.certificate, archive.device
    assert known is not None
    return msgspec.structs.replace(
        known,
        county=root.id,
        device=device.id,
        signing_key=device.signer.public_key,
        sealing_key=device.recipient.public_key,
        device_name="新电脑",
        serial=known.serial + 1,
    )


def test_a_station_that_was_begun_anew_meanwhile_waits_for_the_administrator(
    workshop: Workshop, database_url: str | None
) -> None:
    with workshop.station() as station, workshop.archive(2) as first, workshop.archive(3) as second:
        scene = Scene(station, database_url)
        scene.back_up()
        workshop.join(first, scene.county, "白石乡中学")
        scene.put_back()
        workshop.join(second, scene.county, "白石乡中学")
        assert scene.county.store.introduce(first.device.certificate_paper) is None
        assert scene.county.store.member(first.device.id) is None
        scene.county.close()


def test_a_member_cannot_admit_or_revoke_anybody(station: Station, workshop: Workshop) -> None:
    ours, colleague = station.archives
    with workshop.archive(2) as stranger:
        root = Signer.generate()
        certificate = certificate_for(stranger, station, root)
        revocation = Revocation(root.id, colleague.device.id, certificate.serial, [], extends=False)
        papers = [write_paper(certificate, root), write_paper(revocation, ours.device.signer)]
        assert len(station.server.add_papers(ours.device.scope, papers)) == 2
        assert station.server.member(stranger.device.id) is None
        assert getattr(station.server.member(colleague.device.id), "revoked", 0) is None


# ---- papers that the county does not take ----


def test_a_paper_by_somebody_revoked_meanwhile_is_offered_once(scene: Scene) -> None:
    ours, colleague, lost = scene.archives
    add_person(lost, "李雷")
    scene.all_meet()
    # The erasure reaches a colleague by stick; by then the county has revoked whoever made it.
    (found,) = lost.find("person")
    with lost.transaction():
        lost.meeting.membership.tell_erased(lost.device.scope, found.id)
    (scene.folder / "stick").mkdir()
    for archive in (lost, ours):
        meet(archive.meeting, FolderStore(scene.folder / "stick"))
    scene.county.revoke(lost.device.id.hex())
    scene.all_meet(ours, colleague)
    assert is_quiet(scene, ours)
    assert is_quiet(scene, colleague)
    assert names(colleague) == {"李雷"}, "the county did not believe it"


def test_what_a_server_declined_is_offered_again_to_one_that_was_put_back(scene: Scene) -> None:
    ours, _, lost = scene.archives
    scope_key, certificate = lost.device.scopes.key(lost.device.scope), ours.device.certificate
    assert scope_key is not None
    assert certificate is not None
    ours.meeting.add_papers(ours.device.scope, [write_grant(scope_key, certificate, lost.device.signer)])
    scene.county.revoke(lost.device.id.hex())
    scene.meet(ours)
    assert is_quiet(scene, ours)
    scene.put_back()
    assert scene.meet(ours).server == "restored"
    assert scene.revoked() == {lost.device.id.hex()}
    scene.all_meet(ours)
    assert is_quiet(scene, ours)


def test_a_key_whose_paper_the_county_declined_is_handed_on_once_more(station: Station, workshop: Workshop) -> None:
    ours, lost = station.archives
    for archive in (ours, lost, ours):
        meet(archive.meeting, station.server)
    scope_key = lost.device.scopes.key(lost.device.scope)
    assert scope_key is not None
    with workshop.archive(2) as newcomer:
        workshop.join(newcomer, station.county)
        certificate = newcomer.device.certificate
        assert certificate is not None
        ours.meeting.add_papers(scope_key.scope, [write_grant(scope_key, certificate, lost.device.signer)])
        station.county.revoke(lost.device.id.hex())
        for archive in (ours, ours, newcomer):
            meet(archive.meeting, station.server)
        granted = [one for one in newcomer.device.papers(Grant) if one.recipient == newcomer.device.id]
        assert {one.sender for one in granted} == {ours.device.id}
        keys = [archive.device.scopes.keys(scope_key.scope).keys() for archive in (ours, newcomer)]
        assert keys[0] == keys[1]
