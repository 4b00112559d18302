"""The system locks its screen or goes to sleep, told over real buses on which the test plays the other side."""

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from PySide6.QtDBus import QDBusConnection
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.keyring.secret_service import Bus
from ui.desktop.system_lock import LOGIN, LOGIN_PATH, MANAGER, SCREEN_SAVERS, SystemLock
from ui.desktop.window import Window

TIMEOUT_MS = 20_000
SESSION_PATH = f"{LOGIN_PATH}/session/_32"


class Login:
    """login1 of a computer: hands out what delays its sleep, and tells who listens."""

    def __init__(self, bus: Bus, *, may_delay: bool = True) -> None:
        self._connection = bus.take_name(LOGIN, fds=True)
        self._may_delay = may_delay
        self.asked: list[tuple[str, ...]] = []
        self._delays: list[int] = []
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        while True:
            try:
                message = self._connection.receive()
            except OSError:
                return
            if message.header.message_type != MessageType.method_call:
                continue
            assert message.header.fields[HeaderFields.member] == "Inhibit"
            if not self._may_delay:
                self._connection.send(new_error(message, "org.freedesktop.DBus.Error.AccessDenied"))
            else:
                ours, theirs = os.pipe()
                self._delays.append(ours)
                self._connection.send(new_method_return(message, "h", (theirs,)))
                os.close(theirs)
            self.asked.append(message.body)

    def delayed(self) -> bool:
        """Whether somebody still holds up the sleep with the last delay that was handed out."""
        return not select.select([self._delays[-1]], [], [], 0)[0]

    def sleep(self, *, begins: bool = True) -> None:
        address = DBusAddress(LOGIN_PATH, interface=MANAGER)
        self._connection.send(new_signal(address, "PrepareForSleep", "b", (begins,)))

    def lock(self) -> None:
        self._connection.send(new_signal(DBusAddress(SESSION_PATH, interface=f"{LOGIN}.Session"), "Lock"))

    def stop(self) -> None:
        self._connection.sock.shutdown(2)
        self._thread.join(TIMEOUT_MS / 1000)
        self._connection.close()
        for delay in self._delays:
            os.close(delay)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    made = Bus(tmp_path / "bus")
    yield made
    made.stop()


@pytest.fixture
def connection(bus: Bus) -> Iterator[QDBusConnection]:
    """The bus as Qt sees it, both as that of the computer and as that of whoever is logged in."""
    yield QDBusConnection.connectToBus(bus.address, bus.address)
    QDBusConnection.disconnectFromBus(bus.address)


@pytest.fixture
def login(bus: Bus) -> Iterator[Login]:
    made = Login(bus)
    yield made
    made.stop()


class Listening:
    """A window that listens on the bus, and counts."""

    def __init__(self, window: QWidget, connection: QDBusConnection) -> None:
        self.lock = SystemLock(window, connection, connection)
        self.times = 0
        self.lock.locked.connect(self._count)

    def _count(self) -> None:
        self.times += 1


@pytest.fixture
def listening(qtbot: QtBot, connection: QDBusConnection) -> Iterator[Listening]:
    window = QWidget()
    qtbot.addWidget(window)
    made = Listening(window, connection)
    yield made
    made.lock.close()


def wait(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=TIMEOUT_MS)


def test_the_sleep_of_the_computer_waits_until_everything_is_locked(
    login: Login, listening: Listening, qtbot: QtBot
) -> None:
    wait(qtbot, lambda: listening.lock._delay is not None)
    assert login.asked == [("sleep", "xinyi", "xinyi", "delay")]
    login.sleep()
    wait(qtbot, lambda: listening.times == 1)
    assert login.delayed()
    listening.lock.settled()
    wait(qtbot, lambda: not login.delayed())


def test_after_waking_up_the_next_sleep_waits_too(login: Login, listening: Listening, qtbot: QtBot) -> None:
    wait(qtbot, lambda: listening.lock._delay is not None)
    login.sleep()
    wait(qtbot, lambda: listening.times == 1)
    listening.lock.settled()
    login.sleep(begins=False)
    wait(qtbot, lambda: listening.lock._delay is not None)
    assert listening.times == 1
    assert login.delayed()


def test_a_lock_without_sleep_keeps_the_delay_for_the_next_sleep(
    login: Login, listening: Listening, qtbot: QtBot
) -> None:
    wait(qtbot, lambda: listening.lock._delay is not None)
    listening.lock.settled()
    assert login.delayed()


def test_a_window_that_is_closed_holds_up_no_sleep(login: Login, listening: Listening, qtbot: QtBot) -> None:
    wait(qtbot, lambda: listening.lock._delay is not None)
    listening.lock.close()
    wait(qtbot, lambda: not login.delayed())


def test_without_the_right_to_delay_sleep_still_locks(bus: Bus, connection: QDBusConnection, qtbot: QtBot) -> None:
    login = Login(bus, may_delay=False)
    window = QWidget()
    qtbot.addWidget(window)
    listening = Listening(window, connection)
    wait(qtbot, lambda: len(login.asked) == 1)
    login.sleep()
    wait(qtbot, lambda: listening.times == 1)
    listening.lock.settled()
    login.stop()


def test_locking_the_session_locks(login: Login, listening: Listening, qtbot: QtBot) -> None:
    login.lock()
    wait(qtbot, lambda: listening.times == 1)


@pytest.mark.parametrize(("interface", "name"), SCREEN_SAVERS)
def test_a_screen_saver_that_comes_up_locks_and_one_that_goes_does_not(
    bus: Bus, listening: Listening, qtbot: QtBot, interface: str, name: str
) -> None:
    address = DBusAddress("/" + interface.replace(".", "/"), interface=interface)
    with closing(bus.connect()) as saver:
        saver.send(new_signal(address, name, "b", (False,)))
        saver.send(new_signal(address, name, "b", (True,)))
        saver.send(new_signal(address, name, "b", (False,)))
        wait(qtbot, lambda: listening.times == 1)


def test_the_locker_of_kylin_locks(bus: Bus, listening: Listening, qtbot: QtBot) -> None:
    with closing(bus.connect()) as saver:
        saver.send(new_signal(DBusAddress("/", interface="org.ukui.ScreenSaver"), "unlock"))
        saver.send(new_signal(DBusAddress("/", interface="org.ukui.ScreenSaver"), "lock"))
        wait(qtbot, lambda: listening.times == 1)


def test_another_service_on_the_computer_s_bus_does_not_pass_for_login1(
    bus: Bus, login: Login, listening: Listening, qtbot: QtBot
) -> None:
    with closing(bus.connect()) as stranger:
        stranger.send(new_signal(DBusAddress(LOGIN_PATH, interface=MANAGER), "PrepareForSleep", "b", (True,)))
        address = DBusAddress("/", interface="org.gnome.ScreenSaver")
        stranger.send(new_signal(address, "ActiveChanged", "b", (True,)))
        wait(qtbot, lambda: listening.times == 1)


def test_without_any_bus_nothing_happens_and_nothing_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    nowhere = QDBusConnection.connectToBus(f"unix:path={tmp_path}/nobody", "nowhere")
    window = QWidget()
    qtbot.addWidget(window)
    lock = SystemLock(window, nowhere, nowhere)
    lock.settled()
    lock.close()
    assert not nowhere.isConnected()


def test_the_window_is_locked_and_its_archive_closed_before_the_computer_sleeps(
    opened: Window, login: Login, connection: QDBusConnection, qtbot: QtBot, archive_path: Path
) -> None:
    opened._system_lock.close()
    opened._system_lock = SystemLock(opened, connection, connection)
    opened._system_lock.locked.connect(opened.lock)
    wait(qtbot, lambda: opened._system_lock._delay is not None)
    login.sleep()
    wait(qtbot, lambda: not login.delayed())
    assert opened.work is None
    assert archive_path.with_name(archive_path.name + ".lock").read_bytes() == b""
    # A window that is locked already holds nothing up.
    login.sleep(begins=False)
    wait(qtbot, lambda: opened._system_lock._delay is not None)
    login.sleep()
    wait(qtbot, lambda: not login.delayed())


def test_the_window_listens(opened: Window, qtbot: QtBot) -> None:
    opened._system_lock.locked.emit()
    wait(qtbot, lambda: opened.work is None and opened.tasks.idle())
