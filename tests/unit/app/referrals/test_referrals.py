"""Referrals: what goes along and what never does, who may send and answer, what both sides see, and erasing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.audit import Audit
from app.errors import Problem
from app.instruments.library import Library
from app.opportunities import SyncRules, urgent_waiting
from app.people.fields import PersonFields
from app.people.service import People
from app.records import CATALOGUE, Consent, ScoreResult, Screening, plain, typed
from app.referrals.rules import ReferralRules
from app.referrals.service import Referrals, Slip
from app.referrals.slip import MOST_URGENT, STATUS, Referral
from app.referrals.stations import Station, others
from app.referrals.words import SlipWords
from app.referrals.writing import Order
from app.rights.export import Gathering
from app.rights.service import Rights
from app.risk.rules import AlertRules
from app.sessions.form import SessionNote
from app.sessions.service import Sessions
from app.texts import LANGUAGES, Texts
from app.users import register_user
from app.words import Words
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft

if TYPE_CHECKING:
    from tests.unit.app.referrals.conftest import Stations

CALM = {str(item): 0 for item in range(1, 10)}
SEVERE = {str(item): 2 for item in range(1, 10)}
WORRIED = {str(item): 1 for item in range(1, 8)}
TODAY = dt.datetime.now().astimezone().date()
SECRET = "他说父亲喝酒以后打他"


def refusal(act: Any) -> str:
    with pytest.raises(Problem) as caught:
        act()
    return caught.value.key


def only(archive: Archive) -> Slip:
    (slip,) = Referrals(archive).all()
    return slip


@pytest.fixture
def agreed(stations: Stations) -> Stations:
    """The pupil, who is over 14, has agreed."""
    stations.agree("self")
    return stations


# ---- the rules ----


def test_the_most_urgent_has_the_fewest_hours_and_is_the_one_that_goes_first() -> None:
    rules = ReferralRules.load()
    assert [one.hours for one in rules.urgencies] == sorted(one.hours for one in rules.urgencies)
    assert rules.urgencies[0].id == MOST_URGENT
    assert all(set(one.title) == set(LANGUAGES) for one in rules.urgencies)
    urgent = CATALOGUE["referral"].urgent
    assert urgent is not None
    assert [urgent({"urgency": one.id}) for one in rules.urgencies] == [True, False, False]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_a_slip_has_words(language: str) -> None:
    texts = Texts.load(language)
    for direction in ("sent", "received"):
        for status in STATUS:
            assert texts(f"referral.state_{direction}_{status}")
            assert texts(f"referral.status_{status}")


# ---- who there is ----


def test_the_stations_of_the_county_are_known_without_a_network_our_own_left_out(stations: Stations) -> None:
    names = [one.name for one in others(stations.school)]
    assert names == sorted(set(stations.names) - {"青禾镇中学"})


# ---- what goes along ----


def test_a_referral_reaches_the_other_station_which_sees_and_accepts_it(agreed: Stations) -> None:
    agreed.screen(SEVERE)
    referral = agreed.send(urgency="today", done="已面谈，已通知家长")
    agreed.everybody_meets()
    slip = only(agreed.hospital)
    fields = slip.referral.fields
    assert (slip.direction, slip.other, slip.forged) == ("received", "青禾镇中学", False)
    assert (fields.name, fields.sex, fields.birth_date, fields.guardian_name) == ("李雷", "male", "2008-03-01", "李父")
    assert (fields.from_user, fields.done, fields.ground) == ("王老师", "已面谈，已通知家长", "consent")
    assert Referrals(agreed.hospital).unanswered() == 1
    assert Referrals(agreed.hospital).seen(referral)
    assert not Referrals(agreed.hospital).seen(referral)
    agreed.everybody_meets()
    assert only(agreed.school).referral.fields.status == "seen"
    Referrals(agreed.hospital).answer(referral, "accepted", "周三上午到心理科")
    agreed.everybody_meets()
    back = only(agreed.school)
    assert back.direction == "sent"
    assert back.reply is not None
    assert (back.referral.fields.status, back.reply.text, back.reply.by) == ("accepted", "周三上午到心理科", "李医生")
    assert Referrals(agreed.hospital).unanswered() == 0
    assert Referrals(agreed.other).all() == []
    assert agreed.other.find("referral") == []
    for archive in agreed.archives.values():
        assert archive.verify() == []


def test_the_receiver_learns_scores_and_what_is_critical_and_no_answer_and_no_note(agreed: Stations) -> None:
    agreed.screen(SEVERE)
    note = SessionNote(agreed.today, "face", {"problem": SECRET}, 40)
    Sessions(agreed.school).write(agreed.pupil.id, note, agreed.today)
    agreed.send(kind="transfer")
    agreed.everybody_meets()
    (record,) = agreed.hospital.find("referral")
    (screening,) = typed(record, Referral).fields.screenings
    (score,) = screening.scores
    assert (screening.instrument, screening.title, score.value) == ("phq-9", "PHQ-9", 18)
    assert set(score.band) == set(LANGUAGES)
    assert len(screening.critical) == 1
    whole = str(record.fields)
    assert SECRET not in whole
    assert "answers" not in whole
    for kind in CATALOGUE:
        if kind.name not in {"referral", "user", "access"}:
            assert agreed.hospital.find(kind.name) == [], kind.name


def test_of_each_instrument_the_newest_is_proposed_and_a_transfer_takes_all_that_are_complete(agreed: Stations) -> None:
    old, new = agreed.screen(CALM, days_ago=30), agreed.screen(SEVERE)
    anxious, half = agreed.screen(WORRIED, instrument="gad-7"), agreed.screen({"1": 2}, days_ago=5)
    referrals = Referrals(agreed.school)
    offered = referrals.extract(agreed.pupil.id, "referral").screenings
    assert [one.id for one in offered] == sorted((one.id for one in offered), key=[anxious, new, half, old].index)
    assert {one.id for one in offered if one.proposed} == {new, anxious}
    transfer = referrals.extract(agreed.pupil.id, "transfer").screenings
    assert {one.id for one in transfer if one.proposed} == {old, new, anxious}
    agreed.send(kind="transfer", screenings=frozenset())
    assert len(only(agreed.school).referral.fields.screenings) == 3


def test_what_somebody_chose_goes_along_and_nothing_else(agreed: Stations) -> None:
    old, _ = agreed.screen(CALM, days_ago=30), agreed.screen(SEVERE)
    agreed.send(screenings=frozenset({old}), contacts=frozenset({"guardian"}))
    fields = only(agreed.school).referral.fields
    assert [one.scores[0].value for one in fields.screenings] == [0]
    assert (fields.phone, fields.guardian_name) == (None, "李父")


def test_a_half_filled_form_goes_along_without_a_band(agreed: Stations) -> None:
    agreed.screen({"1": 3, "9": 3})
    agreed.send()
    (given,) = only(agreed.school).referral.fields.screenings
    assert given.status == "unfinished"
    assert given.scores[0].band == {}
    assert "未完成" in SlipWords(Texts.load()).screening(given)
    assert given.critical


def test_the_slip_is_read_in_the_language_of_the_reader(agreed: Stations) -> None:
    agreed.screen(SEVERE)
    agreed.send()
    (given,) = only(agreed.school).referral.fields.screenings
    chinese, english = (SlipWords(Texts.load(one)).screening(given) for one in LANGUAGES)
    assert chinese != english
    assert "18" in chinese
    assert "18" in english


# ---- the ground ----


def test_without_consent_nothing_goes_until_a_ground_with_a_reason_is_written_down(stations: Stations) -> None:
    assert refusal(stations.send) == "referral.no_ground"
    assert refusal(lambda: stations.send(ground="danger_to_life")) == "referral.no_ground_reason"
    assert stations.school.device.scopes.shared() == {}
    stations.send(ground="danger_to_life", ground_reason="写了遗书，家长联系不上")
    (said,) = Rights(stations.school).consents(stations.pupil.id)
    assert (said.fields.purpose, said.fields.giver, said.fields.ground) == ("transfer", "station", "danger_to_life")
    stations.everybody_meets()
    assert only(stations.hospital).referral.fields.ground == "danger_to_life"
    assert "遗书" not in str(stations.hospital.find("referral")[0].fields), "why so stays at home"


def test_a_ground_holds_for_one_referral_and_is_no_consent_to_the_next(stations: Stations) -> None:
    stations.send(ground="statutory_duty", ground_reason="公安机关要求")
    assert refusal(stations.send) == "referral.no_ground"


def test_a_child_under_14_needs_the_guardian_too(stations: Stations) -> None:
    school = stations.school
    record = school.get("person", stations.pupil.id)
    assert record is not None
    school.save(
        [Draft.edit(record, {"birth_date": stations.today.replace(year=stations.today.year - 9, day=1).isoformat()})]
    )
    stations.agree("self")
    assert refusal(stations.send) == "referral.no_ground"
    stations.agree("guardian")
    assert stations.send()


def test_consent_that_was_taken_back_is_none(agreed: Stations) -> None:
    back = Consent("transfer", "self", "withdrawn", agreed.today.isoformat(), "paper")
    Rights(agreed.school).say(agreed.pupil.id, back, agreed.today)
    assert refusal(agreed.send) == "referral.no_ground"


# ---- what is missing, and who may ----


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ({"to": None}, "referral.no_to"),
        ({"urgency": None}, "referral.no_urgency"),
        ({"reason": "  "}, "referral.no_reason"),
        ({"ground": None}, "referral.no_ground"),
    ],
)
def test_what_is_missing_is_told_and_nothing_is_begun(agreed: Stations, missing: dict[str, Any], problem: str) -> None:
    assert refusal(lambda: agreed.send(**missing)) == problem
    assert agreed.school.device.scopes.shared() == {}


def test_nobody_is_referred_to_the_own_station(agreed: Stations) -> None:
    own = agreed.school.device.certificate
    assert own is not None
    assert refusal(lambda: agreed.send(to=Station(own.station, own.station_name))) == "referral.to_ourselves"


def test_somebody_whose_records_are_restricted_is_not_referred(agreed: Stations) -> None:
    Rights(agreed.school).restrict(agreed.pupil.id, "本人要求", agreed.today)
    assert refusal(agreed.send) == "rights.restricted"


@pytest.mark.parametrize("role", ["screener", "class_teacher", "administrator", "supervisor"])
def test_who_may_write_no_referral_begins_no_scope(agreed: Stations, role: str) -> None:
    seen = agreed.seen_as(role)
    order = agreed.order()
    assert refusal(lambda: Referrals(seen).send(agreed.pupil.id, order, agreed.today)) == "access.write"
    assert agreed.school.device.scopes.shared() == {}


@pytest.mark.parametrize("role", ["screener", "class_teacher", "administrator"])
def test_who_may_not_see_referrals_sees_none(agreed: Stations, role: str) -> None:
    referral = agreed.send()
    seen = agreed.seen_as(role)
    assert not seen.may_read("referral")
    assert refusal(lambda: Referrals(seen).all()) == "access.read"
    assert refusal(lambda: Referrals(seen).get(referral)) == "access.read"
    if role == "screener":
        assert "referral" not in [entry.kind for entry in People(seen).timeline(agreed.pupil.id)]


def test_a_supervisor_reads_referrals_and_answers_none(agreed: Stations) -> None:
    referral = agreed.send()
    agreed.everybody_meets()
    seen = agreed.seen_as("supervisor", agreed.hospital)
    assert Referrals(seen).get(referral).referral.fields.name == "李雷"
    assert refusal(lambda: Referrals(seen).seen(referral)) == "access.write"
    assert refusal(lambda: Referrals(seen).answer(referral, "accepted", "")) == "access.write"


@pytest.mark.parametrize("role", ["counsellor", "clinician"])
def test_counsellors_and_clinicians_send(agreed: Stations, role: str) -> None:
    assert Referrals(agreed.seen_as(role)).send(agreed.pupil.id, agreed.order(), agreed.today)


def test_sending_is_written_in_the_access_log(agreed: Stations) -> None:
    agreed.send()
    (entry,) = [one for one in Audit(agreed.school).listed() if one.kind == "exported"]
    assert (entry.person, entry.detail) == ("李雷", "referral")


# ---- answers ----


def test_giving_it_back_takes_a_reason(agreed: Stations) -> None:
    referral = agreed.send()
    agreed.everybody_meets()
    hospital = Referrals(agreed.hospital)
    assert refusal(lambda: hospital.answer(referral, "refused", " ")) == "referral.no_answer_reason"
    hospital.answer(referral, "refused", "没有儿童精神科，请转市医院")
    assert refusal(lambda: hospital.answer(referral, "accepted", "")) == "referral.answered_already"
    agreed.everybody_meets()
    back = only(agreed.school)
    assert back.reply is not None
    assert (back.referral.fields.status, back.reply.text) == ("refused", "没有儿童精神科，请转市医院")
    assert back.referral.fields.seen is not None


def test_the_sender_neither_sees_nor_answers_its_own(agreed: Stations) -> None:
    referral = agreed.send()
    assert not Referrals(agreed.school).seen(referral)
    assert refusal(lambda: Referrals(agreed.school).answer(referral, "accepted", "")) == "referral.our_own"
    assert Referrals(agreed.school).unanswered() == 0


def test_of_two_answers_at_once_the_one_that_gives_back_counts_with_its_own_words(agreed: Stations) -> None:
    """Two of the hospital answer the same slip before they meet: two edits of what both saw."""
    referral = agreed.send()
    agreed.everybody_meets()
    seen = agreed.hospital.get("referral", referral)
    assert seen is not None
    for number, (decision, text) in enumerate((("refused", "科室满员"), ("accepted", "可以来"))):
        reply = {"decision": decision, "text": text, "at": number, "by": "医生"}
        agreed.hospital.save([Draft.edit(seen, {"status": decision, "reply": reply})])
    slip = only(agreed.hospital)
    assert slip.referral.fields.status == "refused"
    assert slip.reply is not None
    assert slip.reply.text == "科室满员"
    assert [one.text for one in slip.also] == ["可以来"]


def test_a_slip_that_names_another_sender_than_who_wrote_it_is_marked(agreed: Stations) -> None:
    hospital = next(one for one in others(agreed.other) if one.name == "县人民医院")
    scope = agreed.other.share("referral", [hospital])
    person = People(agreed.other).add(People(agreed.school).described(agreed.pupil))
    forged = Referral("referral", "sent", "青禾镇中学", "王老师", "县人民医院", "today", "急", "李雷", 1)
    agreed.other.save([Draft.new("referral", agreed.other.new_id(scope), plain(forged), person=person)])
    agreed.everybody_meets()
    slip = only(agreed.hospital)
    assert (slip.forged, slip.other, slip.direction) == (True, "白石乡卫生院", "received")


def test_what_a_newer_version_wrote_is_counted_and_hides_nothing(agreed: Stations) -> None:
    agreed.send()
    to = agreed.order().to
    assert to is not None
    scope = agreed.school.share("referral", [to])
    agreed.school.save([Draft.new("referral", agreed.school.new_id(scope), {"kind": "loan"}, person=agreed.pupil.id)])
    listing = Referrals(agreed.school).listing()
    assert (len(listing.slips), listing.newer) == (1, 1)


# ---- the person's page, and erasing ----


def test_it_stands_in_the_timeline_of_the_person_and_in_their_copy(agreed: Stations) -> None:
    referral = agreed.send()
    entries = [entry for entry in People(agreed.school).timeline(agreed.pupil.id) if entry.kind == "referral"]
    assert [entry.record.id for entry in entries] == [referral]
    slip = Referrals(agreed.school).of_person(agreed.pupil.id)[referral]
    assert entries[0].at == slip.referral.fields.sent
    assert "县人民医院" in SlipWords(Texts.load()).in_a_line(slip)
    agreed.everybody_meets()
    Referrals(agreed.hospital).answer(referral, "accepted", "周三上午")
    agreed.everybody_meets()
    texts, library = Texts.load(), Library.load()
    gathering = Gathering(agreed.school, library, Words(texts, library, AlertRules.load()), texts)
    own = gathering.own_data(agreed.pupil.id, dt.datetime.now().astimezone())
    (entry,) = [one for one in own.entries if one.kind == "referral"]
    assert entry.title == "转介"
    told = {one.value for one in entry.said}
    assert {"县人民医院", "PHQ-9 18 分，情绪低落两周"} <= told
    assert any("周三上午" in one for one in told)


def test_erasing_the_person_erases_the_slip_at_the_other_station(agreed: Stations) -> None:
    referral = agreed.send()
    agreed.everybody_meets()
    Rights(agreed.school).erase(agreed.pupil.id, "request", agreed.today)
    agreed.everybody_meets()
    for archive in (agreed.school, agreed.hospital):
        assert archive.get("referral", referral) is None
        assert archive.verify() == []
    assert Referrals(agreed.hospital).all() == []
    assert refusal(lambda: Referrals(agreed.hospital).answer(referral, "accepted", "")) == "referral.unknown"


def test_a_slip_survives_being_written_and_read(agreed: Stations) -> None:
    agreed.screen(SEVERE)
    agreed.send()
    fields = only(agreed.school).referral.fields
    assert msgspec.convert(plain(fields), Referral, strict=False) == fields


def test_an_archive_that_has_joined_no_county_refers_nobody(tmp_path: Path) -> None:
    owner = Owner("王老师", "correct horse", Names("电脑", "青禾镇中学"))
    with Archive.create(tmp_path / "alone.xinyi", owner, CATALOGUE) as archive:
        register_user(archive, "王老师")
        person = People(archive).add(PersonFields("李雷"))
        order = Order(to=Station(b"h" * 16, "县人民医院"), urgency="week", reason="…", ground="consent")
        assert refusal(lambda: Referrals(archive).send(person, order, TODAY)) == "referral.not_joined"
        assert Referrals(archive).stations() == []


def test_a_form_that_does_not_count_says_so_and_has_no_band(agreed: Stations) -> None:
    agreed.screen(SEVERE)
    (record,) = agreed.school.find("screening")
    agreed.school.save([Draft.edit(record, {"void": True})])
    agreed.send()
    (given,) = only(agreed.school).referral.fields.screenings
    assert (given.status, given.scores[0].band) == ("void", {})
    assert "不计入" in SlipWords(Texts.load()).screening(given)


def test_a_slip_for_today_is_waited_for_as_a_red_alert_is(agreed: Stations) -> None:
    rules = SyncRules.load()
    agreed.send(urgency="week")
    assert urgent_waiting(agreed.school, rules) == set()
    referral = agreed.send(urgency="today")
    assert urgent_waiting(agreed.school, rules) == {referral}
    agreed.visit(agreed.school)
    assert urgent_waiting(agreed.school, rules) == set()


def test_who_looked_at_a_slip_is_written_down_where_the_person_is_not_known(agreed: Stations) -> None:
    agreed.send()
    agreed.everybody_meets()
    Audit(agreed.hospital).read(agreed.pupil.id, "referral")
    (entry,) = [one for one in Audit(agreed.hospital).listed() if one.kind == "read"]
    assert (entry.person, entry.detail) == ("李雷", "referral")
    assert agreed.hospital.verify() == []
    Rights(agreed.school).erase(agreed.pupil.id, "request", agreed.today)
    agreed.everybody_meets()
    (entry,) = [one for one in Audit(agreed.hospital).listed() if one.kind == "read"]
    assert entry.person == ""
    assert agreed.hospital.verify() == []


def test_forms_that_record_something_are_not_offered_and_what_a_newer_version_measured_is(agreed: Stations) -> None:
    school, day = agreed.school, TODAY.isoformat()
    for instrument, scores in (("home-visit", {}), ("of-a-newer-version", {"total": ScoreResult(7, "high")})):
        fields = Screening(instrument, "1.0.0", "x", day, {}, "complete", scores, "typed", critical=("harm",))
        school.save([Draft.new("screening", school.new_id(), plain(fields), person=agreed.pupil.id)])
    (choice,) = Referrals(school).extract(agreed.pupil.id, "referral").screenings
    assert choice.given.instrument == "of-a-newer-version"
    told = SlipWords(Texts.load()).screening(choice.given)
    assert "7" in told
    assert "harm" in told
