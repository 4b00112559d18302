"""Hears when the system locks its screen or goes to sleep, so that the window locks with it.

Linux tells it over D-Bus, Windows in messages to the window; where nothing of that is there, nothing happens, and the
window locks when it is left alone (`ui.desktop.idle`). On macOS there is only that.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from PySide6.QtCore import SLOT, QObject, Signal, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusUnixFileDescriptor
from PySide6.QtWidgets import QWidget

LOGIN = "org.freedesktop.login1"
LOGIN_PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"

SCREEN_SAVERS = (
    ("org.freedesktop.ScreenSaver", "ActiveChanged"),  # KDE and others
    ("org.gnome.ScreenSaver", "ActiveChanged"),
    ("org.mate.ScreenSaver", "ActiveChanged"),
    ("org.cinnamon.ScreenSaver", "ActiveChanged"),
    ("org.xfce.ScreenSaver", "ActiveChanged"),
    ("com.deepin.dde.lockFront", "Visible"),  # UOS 20, deepin 20
    ("org.deepin.dde.LockFront1", "Visible"),  # deepin 23
)
"""Interfaces on the session bus and their signals that say, with true, that the screen is locked."""

LOCKERS = (("org.ukui.ScreenSaver", "lock"),)  # Kylin
"""The same, with signals that say nothing else."""


class SystemLock(QObject):
    """Listens on the two buses.

    Args:
        window: lives as long as it.
        system: the bus of the computer; the usual one where none is given.
        session: the bus of whoever is logged in.

    Signals:
        locked: the screen was locked, or the computer is about to sleep.
    """

    locked = Signal()

    def __init__(
        self, window: QWidget, system: QDBusConnection | None = None, session: QDBusConnection | None = None
    ) -> None:
        super().__init__(window)
        self._is_open = True
        self._falls_asleep = False
        self._delay: int | None = None
        self._system = system or QDBusConnection.systemBus()
        self._listen_to_system()
        self._listen_to_session(session or QDBusConnection.sessionBus())
        self._filter = _listen_to_messages(self, window)

    def settled(self) -> None:
        """Everything is locked now: a computer that is about to sleep may do so."""
        if self._falls_asleep:
            self._let_sleep()

    def close(self) -> None:
        """Hold up nobody's sleep any more."""
        self._is_open = False
        self._let_sleep()

    def _let_sleep(self) -> None:
        if self._delay is not None:
            os.close(self._delay)
            self._delay = None

    def _listen_to_system(self) -> None:
        if not self._system.isConnected():
            return
        self._system.connect(LOGIN, LOGIN_PATH, MANAGER, "PrepareForSleep", self, _slot("_sleeps(bool)"))
        # Of any session: programs that a desktop starts often belong to none. A lock too many costs a password.
        self._system.connect(LOGIN, "", f"{LOGIN}.Session", "Lock", self, _slot("_locks()"))
        self._ask_for_delay()

    def _listen_to_session(self, session: QDBusConnection) -> None:
        if not session.isConnected():
            return
        # Whoever sends it: screen savers come and go, and nobody gains by locking us.
        for interface, name in SCREEN_SAVERS:
            session.connect("", "", interface, name, self, _slot("_shows(bool)"))
        for interface, name in LOCKERS:
            session.connect("", "", interface, name, self, _slot("_locks()"))

    def _ask_for_delay(self) -> None:
        """Have the system wait before it sleeps, for some seconds at most, until `settled` is called."""
        call = QDBusMessage.createMethodCall(LOGIN, LOGIN_PATH, MANAGER, "Inhibit")
        call.setArguments(["sleep", "xinyi", "xinyi", "delay"])
        waiting = QDBusPendingCallWatcher(self._system.asyncCall(call), self)
        waiting.finished.connect(self._take_delay)

    def _take_delay(self, answered: QDBusPendingCallWatcher) -> None:
        arguments = answered.reply().arguments()
        if self._is_open and arguments and isinstance(arguments[0], QDBusUnixFileDescriptor):
            self._let_sleep()
            # Ours to close: that of the message lives as long as some object of Qt.
            self._delay = os.dup(arguments[0].fileDescriptor())
        answered.deleteLater()

    @Slot(bool)
    def _sleeps(self, begins: bool) -> None:  # noqa: FBT001 -- what the signal carries
        self._falls_asleep = begins
        if begins:
            self.locked.emit()
        elif self._is_open:
            self._ask_for_delay()

    @Slot(bool)
    def _shows(self, is_locked: bool) -> None:  # noqa: FBT001 -- what the signal carries
        if is_locked:
            self.locked.emit()

    @Slot()
    def _locks(self) -> None:
        self.locked.emit()


def _slot(signature: str) -> Any:
    """A slot as Qt names it. PySide wants text here, and its type hints say bytes."""
    return SLOT(signature)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    from PySide6.QtCore import QAbstractNativeEventFilter, QCoreApplication

    # Of the headers of Windows: WM_WTSSESSION_CHANGE with WTS_SESSION_LOCK, WM_POWERBROADCAST with PBT_APMSUSPEND.
    _TELLING = {(0x02B1, 0x7), (0x0218, 0x4)}
    _THIS_SESSION = 0
    """NOTIFY_FOR_THIS_SESSION"""

    class _Messages(QAbstractNativeEventFilter):
        """Hears from Windows what `SystemLock` hears from D-Bus, and has it tell."""

        def __init__(self, lock: SystemLock) -> None:
            super().__init__()
            self._lock = lock

        def nativeEventFilter(self, _kind: object, message: int) -> object:  # noqa: N802 -- Qt's name
            """Look at every message, keep none."""
            seen = wintypes.MSG.from_address(int(message))
            if (seen.message, seen.wParam) in _TELLING:
                self._lock.locked.emit()
            return False, 0

    def _listen_to_messages(lock: SystemLock, window: QWidget) -> object:
        ctypes.windll.wtsapi32.WTSRegisterSessionNotification(wintypes.HWND(window.winId()), _THIS_SESSION)
        made = _Messages(lock)
        application = QCoreApplication.instance()
        if application is not None:
            application.installNativeEventFilter(made)
        return made

else:

    def _listen_to_messages(_lock: SystemLock, _window: QWidget) -> object:
        """Other systems tell nothing in messages to a window."""
        return None
