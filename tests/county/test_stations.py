"""The list of stations that something can be shared with: who is in it, who may ask, and what a lie in it is worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from app.referrals.stations import Station, heard, remember_stations, wants_stations
from storage.archive import Archive
from storage.records import Draft
from sync.county.limits import Limits
from sync.county.service import create_service
from sync.crypto import Signer
from sync.errors import EnvironmentProblem
from sync.ids import new_id
from sync.papers import Request, armour, write_paper
from sync.requests import Call, authorization
from tests.county.served import Caller, Served, refusal, running, serving
from ui.meetings import Place, fetch_stations, meet_server, note_met, pass_of

if TYPE_CHECKING:
    from sync.county.office import County
    from tests.conftest import Chain, Workshop

OLDER = """
from sync.county import service
service.router.routes[:] = [one for one in service.router.routes if one.path != "/v1/stations"]
"""
"""A server from before there was such a call."""


def admit(county: County, station: str, role: str = "station") -> Signer:
    """A new device of a station."""
    device = Signer.generate()
    request = Request(device.id, device.public_key, b"", "设备", station, new_id(1))
    county.admit(armour(write_paper(request, device), Request), station, role, "request.txt")
    return device


@pytest.fixture(params=["sqlite", "postgresql"])
def served(workshop: Workshop, kept_in: Any, request: pytest.FixtureRequest) -> Iterator[Served]:
    with (
        workshop.station(1) as station,
        kept_in(request.param, station),
        serving(station.folder / "county") as url,
    ):
        yield Served(station, url)


def names(served: Served) -> list[str]:
    (archive,) = served.station.archives
    with served.store(archive) as store:
        return [name for _, name in store.stations()]


def test_stations_with_a_device_that_may_share_are_listed_by_name(served: Served) -> None:
    county = served.county
    admit(county, "县人民医院")
    admit(county, "县人民医院")
    admit(county, "县疾控中心", "county")
    admit(county, "乌村卫生室", "collector")
    lost = admit(county, "关了的学校")
    county.revoke(lost.id.hex())
    half = admit(county, "青山小学")
    admit(county, "青山小学")
    county.revoke(half.id.hex())
    assert names(served) == sorted(["青禾镇卫生院", "县人民医院", "县疾控中心", "青山小学"])


def test_a_device_that_only_collects_may_ask_and_a_revoked_or_unknown_one_may_not(served: Served, chain: Chain) -> None:
    county = served.county
    field, lost = admit(county, "乌村卫生室", "collector"), admit(county, "青山小学")
    county.revoke(lost.id.hex())

    def ask(signer: Signer) -> httpx.Response:
        with Caller(county, signer, b"", served.url) as caller:
            return asked(caller, signer)

    answer = ask(field)
    assert answer.status_code == 200
    assert [name for _, name in msgspec.msgpack.decode(answer.content)] == ["青禾镇卫生院"]
    assert refusal(ask(lost)) == (403, "sync.revoked")
    assert refusal(ask(chain.stranger)) == (401, "sync.unknown_device")


def asked(caller: Caller, signer: Signer) -> httpx.Response:
    """`GET /v1/stations`, proved by a device."""
    proof = authorization(Call(caller.server, "GET", "/v1/stations", b""), signer)
    return caller.client.get("/v1/stations", headers={"Authorization": proof})


def test_the_call_is_in_the_document(served: Served) -> None:
    county = served.county
    app = create_service(county.store, county.server.id, county.server_paper, limits=Limits())
    assert "/v1/stations" in app.openapi()["paths"]


def test_a_meeting_asks_once_and_then_not_for_a_week(served: Served) -> None:
    (archive,) = served.station.archives
    admit(served.county, "县人民医院")
    place = Place("server", served.url)
    transfer = meet_server(archive.meeting, served.url, pass_of(archive))
    note_met(archive, place, transfer)
    assert [one.name for one in heard(archive).stations] == ["县人民医院", "青禾镇卫生院"]
    assert not pass_of(archive).wants_stations
    again = meet_server(archive.meeting, served.url, pass_of(archive))
    assert again.stations is None
    note_met(archive, place, again)
    assert len(heard(archive).stations) == 2
    aged = msgspec.structs.replace(heard(archive), at=archive.now() - 8 * 24 * 3600 * 1000)
    archive.remember("county stations", msgspec.json.encode(aged).decode())
    assert wants_stations(archive)


def fetch(archive: Archive, url: str) -> None:
    remember_stations(archive, fetch_stations(url, pass_of(archive)))


def test_somebody_can_ask_at_once(served: Served) -> None:
    (archive,) = served.station.archives
    fetch(archive, served.url)
    admit(served.county, "县人民医院")
    fetch(archive, served.url)
    assert "县人民医院" in [one.name for one in heard(archive).stations]


def test_a_server_that_is_older_has_no_such_list_and_the_meeting_is_good_all_the_same(workshop: Workshop) -> None:
    with workshop.station(1) as station, running(station.folder / "county", before=OLDER) as server:
        (archive,) = station.archives
        archive.save([])
        transfer = meet_server(archive.meeting, server.url, pass_of(archive))
        assert transfer.stations is None
        with pytest.raises(EnvironmentProblem) as caught:
            fetch(archive, server.url)
        assert caught.value.key == "sync.server_failed"


def test_whom_a_lying_server_names_wrongly_nobody_reaches(served: Served) -> None:
    """It gives a station's id the name of another: members are who the county certified for both."""
    (archive,) = served.station.archives
    county = served.county
    admit(county, "县人民医院")
    admit(county, "白石乡卫生院")
    by_name = {name: station for station, name in county.store.stations()}
    scope = archive.share("referral", [Station(by_name["白石乡卫生院"], "县人民医院")])
    archive.save([Draft.new("alert", archive.new_id(scope), {"level": "blue"})])
    served.meet(archive)
    assert not county.store.is_founded(scope)
    assert {one.certificate.station_name for one in archive.meeting.membership.standings(scope).values()} == {
        "青禾镇卫生院"
    }
    # Everything else goes on.
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])
    assert served.meet(archive).sent == 1
