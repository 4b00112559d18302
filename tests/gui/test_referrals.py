"""转介 in the window: written, shown before it goes, seen, answered, kept when the window locks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.people.fields import PersonFields
from app.records import CATALOGUE, Consent
from app.referrals.service import Referrals, Slip
from app.referrals.slip import Referral
from app.referrals.stations import remember_stations
from app.users import Users
from storage.archive import Archive
from sync.county.office import County
from sync.engine import Transfer, meet
from sync.papers import Admission, Request, armour, unarmour
from sync.store import NOTHING, Overview
from tests.processes import serve_county
from ui.desktop.desk import Desk
from ui.desktop.models.screening import today_of
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.referral_form import ReferralForm
from ui.desktop.screens.referrals import ReferralsPage
from ui.desktop.screens.slip import SlipCard
from ui.desktop.window import Window, Work
from ui.meetings import Place, note_met

USER, PASSWORD = "王老师", "correct horse"
SCHOOL, HOSPITAL = "示范中学", "县人民医院"
FILLED, EMPTY = "station.xinyi", "empty.xinyi"
TIMEOUT_MS = 20_000
T = TypeVar("T")
Opening = Callable[[Path], Window]


class Seen:
    """The server as a device may see it."""

    def __init__(self, county: County, archive: Archive) -> None:
        self._store = county.store
        self._device = archive.device.id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def overviews(self, known: object) -> dict[bytes, Overview]:
        del known
        member = self._store.member(self._device)
        assert member is not None
        return self._store.overviews(dict.fromkeys(self._store.scopes_of(member), NOTHING))


def join(county: County, path: Path, station: str) -> None:
    with Archive.open(path, USER, PASSWORD, CATALOGUE) as archive:
        answer = county.admit(armour(archive.device.request(), Request), station, "station", "request.txt")
        archive.accept(unarmour(answer, Admission))


def visit(county: County, archive: Archive) -> None:
    meet(archive.meeting, Seen(county, archive))
    remember_stations(archive, county.store.stations())


class Station:
    """Somebody at the window of a station."""

    def __init__(self, window: Window, county: County, qtbot: QtBot) -> None:
        self.window, self.county, self._qtbot = window, county, qtbot
        self.settle()

    @property
    def work(self) -> Work:
        assert self.window.work is not None
        return self.window.work

    def settle(self) -> None:
        self._qtbot.waitUntil(lambda: self.window.work is not None and self.window.tasks.idle(), timeout=TIMEOUT_MS)
        QApplication.processEvents()

    def ask(self, question: Callable[[Desk], T]) -> T:
        return self.window.tasks.ask_archive(question)

    def visit(self) -> None:
        """Meet the county; what has come shows itself."""
        self.ask(lambda desk: visit(self.county, desk.archive))
        self.work.context.signals.changed.emit()
        self.settle()

    def slip(self) -> Slip:
        (one,) = self.ask(lambda desk: desk.referrals.all())
        return one

    def agree(self, name: str = "张三丰") -> None:
        def say(desk: Desk) -> None:
            today = today_of(desk)
            for giver in ("self", "guardian"):
                said = Consent("transfer", giver, "given", today.isoformat(), "paper")
                desk.rights.say(desk.people.find(name)[0].id, said, today)

        self.ask(say)

    # ---- the pages ----

    def person(self, name: str = "张三丰") -> PeoplePage:
        page = self.work.page("people")
        assert isinstance(page, PeoplePage)
        self.work.show_page("people")
        person = self.ask(lambda desk: desk.people.find(name)[0].id)
        self.work.context.signals.person_wanted.emit(person)
        self.settle()
        return page

    def form(self, name: str = "张三丰") -> ReferralForm:
        self.press(self.person(name), "转介…")
        return self.opened()

    def opened(self) -> ReferralForm:
        found: list[ReferralForm] = []

        def look() -> bool:
            found[:] = forms()
            return bool(found) and self.window.tasks.idle()

        self._qtbot.waitUntil(look, timeout=TIMEOUT_MS)
        QApplication.processEvents()
        return found[0]

    def send(self, form: ReferralForm) -> None:
        self.press(form, "发送")
        self._qtbot.waitUntil(lambda: not forms(), timeout=TIMEOUT_MS)
        self.settle()

    def page(self) -> ReferralsPage:
        page = self.work.page("referrals")
        assert isinstance(page, ReferralsPage)
        self.work.show_page("referrals")
        self.settle()
        return page

    def open_first(self) -> ReferralsPage:
        page = self.page()
        table(page).selectRow(0)
        self.settle()
        return page

    def press(self, widget: QWidget, text: str) -> None:
        (found,) = [one for one in widget.findChildren(QPushButton) if one.text() == text and one.isVisible()]
        self._qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        self.settle()

    def lock(self) -> None:
        self.window.lock()
        self._qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)


def forms() -> list[ReferralForm]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, ReferralForm) and one.isVisible()]


def table(page: QWidget) -> QTableView:
    found = page.findChild(QTableView)
    assert found is not None
    return found


def cells(page: QWidget) -> list[str]:
    model = table(page).model()
    return [str(model.index(0, column).data()) for column in range(model.columnCount())]


def said(widget: QWidget) -> str:
    return "\n".join(one.text() for one in widget.findChildren(QLabel) if one.isVisible())


def choose(form: QWidget, name: str, text: str) -> None:
    (box,) = [one for one in form.findChildren(QComboBox) if one.accessibleName() == name]
    place = next(one for one in range(box.count()) if text in box.itemText(one))
    box.setCurrentIndex(place)


def write(form: QWidget, name: str, text: str) -> None:
    (field,) = [one for one in form.findChildren(QPlainTextEdit) if one.accessibleName() == name]
    field.setPlainText(text)


def can_press(widget: QWidget, text: str) -> bool:
    (found,) = [one for one in widget.findChildren(QPushButton) if one.text() == text and one.isVisible()]
    return found.isEnabled()


def fill(form: ReferralForm) -> None:
    choose(form, "接收单位", HOSPITAL)
    choose(form, "紧急程度", "当天")
    write(form, "转介原因", "第9题阳性，请评估")


@pytest.fixture(scope="module")
def known(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a county, and of a school and a hospital that know of each other; tests work on a copy."""
    folder = shutil.copytree(archives, tmp_path_factory.mktemp("known"), dirs_exist_ok=True)
    county = County.init(folder / "county", "示范县")
    paths = {SCHOOL: folder / FILLED, HOSPITAL: folder / EMPTY}
    for station, path in paths.items():
        join(county, path, station)
    for path in paths.values():
        with Archive.open(path, USER, PASSWORD, CATALOGUE) as archive:
            visit(county, archive)
    county.close()
    return folder


@pytest.fixture
def both(known: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The archives of a school and of a hospital that know of each other."""
    shutil.copytree(known, tmp_path, dirs_exist_ok=True)
    return tmp_path / FILLED, tmp_path / EMPTY


@pytest.fixture
def county(both: tuple[Path, Path]) -> Iterator[County]:
    """The county that has brought them together."""
    opened = County(both[0].parent / "county")
    yield opened
    opened.close()


@pytest.fixture
def new_county(tmp_path: Path) -> Iterator[County]:
    """A county that nobody has joined."""
    made = County.init(tmp_path / "new county", "示范县")
    yield made
    made.close()


@pytest.fixture
def school(both: tuple[Path, Path], open_window: Opening, county: County, qtbot: QtBot) -> Station:
    return Station(open_window(both[0]), county, qtbot)


@pytest.fixture
def hospital(both: tuple[Path, Path], open_window: Opening, county: County, qtbot: QtBot) -> Station:
    return Station(open_window(both[1]), county, qtbot)


@pytest.fixture
def sent(school: Station, hospital: Station) -> Slip:
    """A slip that has come to the hospital."""
    school.agree()
    form = school.form()
    fill(form)
    school.send(form)
    for one in (school, hospital, school, hospital):
        one.visit()
    return hospital.slip()


# ---- writing ----


def test_what_is_missing_is_said_and_nothing_goes_before(school: Station) -> None:
    form = school.form()
    assert not can_press(form, "发送")
    assert all(word in said(form) for word in ("还缺", "接收单位", "紧急程度", "转介原因", "依据"))
    assert "还没有登记监护人和本人" in said(form)
    fill(form)
    assert "还缺：依据" in said(form)
    choose(form, "依据", "保护生命健康")
    assert "还缺：为什么不经同意" in said(form)
    write(form, "为什么不经同意", "写了遗书，监护人联系不上")
    assert "还缺" not in said(form)
    assert can_press(form, "发送")
    form.done(0)


def test_what_is_shown_before_is_what_is_sent(school: Station, qtbot: QtBot) -> None:
    school.agree()
    form = school.form()
    fill(form)
    write(form, "已做的工作", "已面谈")
    preview = form.findChild(SlipCard)
    assert preview is not None
    qtbot.waitUntil(lambda: "已面谈" in said(preview), timeout=TIMEOUT_MS)
    assert "PHQ-9" in said(preview)
    shown: Referral | None = preview._shown
    assert shown is not None
    school.send(form)
    written = school.slip().referral.fields
    assert msgspec.structs.replace(shown, sent=written.sent) == written
    assert cells(school.page())[:3] == ["发出", "张三丰", HOSPITAL]
    timeline = said(school.person())
    assert f"转介到{HOSPITAL}" in timeline
    assert "未看到" in timeline
    assert school.window.work is not None


def test_what_is_not_ticked_does_not_go(school: Station) -> None:
    school.agree()
    form = school.form()
    fill(form)
    for box in form.findChildren(QCheckBox):
        box.setChecked(False)
    school.send(form)
    assert school.slip().referral.fields.screenings == ()


def test_a_transfer_takes_all_complete_screenings(school: Station) -> None:
    form = school.form("李芳")
    choose(form, "类型", "转出")
    QApplication.processEvents()
    (box,) = [one for one in form.findChildren(QCheckBox) if one.isVisible()]
    assert box.isChecked()
    assert not box.isEnabled()
    form.done(0)


def test_a_half_written_slip_is_asked_about_and_comes_back_after_locking(
    school: Station, both: tuple[Path, Path]
) -> None:
    form = school.form()
    fill(form)
    form.reject()
    assert form.isVisible()
    assert "还没有发送" in said(form)
    school.lock()
    assert not forms()
    school.window.unlock(both[0], USER, PASSWORD)
    again = school.opened()
    order = again.order()
    assert order.to is not None
    assert (order.to.name, order.urgency, order.reason) == (HOSPITAL, "today", "第9题阳性，请评估")
    again.reject()
    again.reject()
    assert not forms()


def test_an_untouched_form_closes_at_once(school: Station) -> None:
    form = school.form()
    form.reject()
    assert not forms()


def test_before_the_county_was_met_the_form_says_what_to_do_and_can_ask(
    archive_path: Path, new_county: County, open_window: Opening, qtbot: QtBot, empty_archive: Path
) -> None:
    join(new_county, archive_path, SCHOOL)
    school = Station(open_window(archive_path), new_county, qtbot)
    form = school.form()
    assert "请先到“同步”页" in said(form)
    form.done(0)
    join(new_county, empty_archive, HOSPITAL)
    with serve_county(new_county.folder) as server:
        school.ask(lambda desk: note_met(desk.archive, Place("server", server.url), Transfer()))
        form = school.form()
        school.press(form, "更新名单")
        choose(form, "接收单位", HOSPITAL)
        assert form.order().to is not None
    form.done(0)


def test_an_archive_that_has_joined_no_county_says_so(opened: Window, new_county: County, qtbot: QtBot) -> None:
    school = Station(opened, new_county, qtbot)
    page = school.person()
    school.press(page, "转介…")
    assert "还没有加入县级中心" in page.banner.text()
    assert not forms()


# ---- receiving ----


def test_a_slip_that_came_is_counted_seen_when_it_is_opened_and_accepted(
    school: Station, hospital: Station, sent: Slip
) -> None:
    navigation = [one.text() for one in hospital.window.findChildren(QPushButton)]
    assert "转介  1" in navigation
    page = hospital.page()
    assert cells(page)[0] == "收到"
    assert "新到" in cells(page)
    assert hospital.slip().referral.fields.status == "sent", "the list alone tells the sender nothing"
    hospital.open_first()
    assert hospital.slip().referral.fields.status == "seen"
    shown = said(page)
    assert all(one in shown for one in ("张三丰", "第9题阳性，请评估", "PHQ-9", f"{SCHOOL} 转来"))
    write(page, "答复的话", "周三上午来")
    hospital.press(page, "接收")
    assert "周三上午来" in said(page)
    assert "转介" in [one.text() for one in hospital.window.findChildren(QPushButton)]
    hospital.visit()
    school.visit()
    assert "已接收" in cells(school.page())
    assert "周三上午来" in said(school.open_first())


def test_giving_it_back_takes_a_reason(hospital: Station, sent: Slip) -> None:
    page = hospital.open_first()
    assert not can_press(page, "退回")
    write(page, "答复的话", "没有儿童精神科")
    assert can_press(page, "退回")
    hospital.press(page, "退回")
    slip = hospital.slip()
    assert slip.reply is not None
    assert (slip.referral.fields.status, slip.reply.text) == ("refused", "没有儿童精神科")
    assert "答复对方" not in said(page)


def test_a_half_written_answer_comes_back_after_locking(hospital: Station, sent: Slip, both: tuple[Path, Path]) -> None:
    write(hospital.open_first(), "答复的话", "周三上")
    hospital.lock()
    hospital.window.unlock(both[1], USER, PASSWORD)
    hospital.settle()
    page = hospital.open_first()
    (field,) = [one for one in page.findChildren(QPlainTextEdit) if one.isVisible()]
    assert field.toPlainText() == "周三上"


def test_our_own_slip_is_not_answered_here(school: Station, hospital: Station, sent: Slip) -> None:
    page = school.open_first()
    assert "答复对方" not in said(page)
    assert school.slip().referral.fields.status == "sent"


def test_the_person_erased_at_the_sender_is_gone_from_the_list(school: Station, hospital: Station, sent: Slip) -> None:
    page = hospital.open_first()
    school.ask(lambda desk: desk.rights.erase(desk.people.find("张三丰")[0].id, "request", today_of(desk)))
    for one in (school, hospital):
        one.visit()
    assert table(page).model().rowCount() == 0
    assert "张三丰" not in said(page)


# ---- who may ----


@pytest.mark.parametrize("role", ["supervisor", "screener"])
def test_who_may_not_refer_has_no_button(hospital: Station, both: tuple[Path, Path], role: str) -> None:
    def prepare(desk: Desk) -> None:
        Users(desk.archive).add("另一位", PASSWORD, [role])
        desk.people.add(PersonFields("张三丰"))

    hospital.ask(prepare)
    hospital.lock()
    hospital.window.unlock(both[1], "另一位", PASSWORD)
    hospital.settle()
    assert ("referrals" in hospital.ask(lambda desk: desk.pages)) == (role == "supervisor")
    page = hospital.person()
    assert "张三丰" in said(page)
    assert "转介…" not in [one.text() for one in page.findChildren(QPushButton) if one.isVisible()]


def test_a_supervisor_who_reads_a_slip_tells_the_sender_nothing(
    hospital: Station, sent: Slip, both: tuple[Path, Path]
) -> None:
    hospital.ask(lambda desk: Users(desk.archive).add("赵督导", PASSWORD, ["supervisor"]))
    hospital.lock()
    hospital.window.unlock(both[1], "赵督导", PASSWORD)
    hospital.settle()
    page = hospital.open_first()
    assert "第9题阳性，请评估" in said(page)
    assert "答复对方" not in said(page)
    assert hospital.ask(lambda desk: Referrals(desk.archive).all())[0].referral.fields.status == "sent"
