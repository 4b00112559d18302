"""A session bus with a real Secret Service on it (gnome-keyring), of which nobody else knows.

Nothing can be started over the bus, so that no window asks the developer for anything.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import secretstorage
from jeepney import MatchRule, message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

PASSWORD = b"password of the login keyring"
PROMPTER = "org.gnome.keyring.SystemPrompter"
TIMEOUT = 20.0

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Bus:
    """A message bus, ended by its process id."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "bus.conf"
        config.write_text(CONFIG, "utf-8")
        self._process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()

    def connect(self, *, fds: bool = False) -> DBusConnection:
        return open_dbus_connection(self.address, enable_fds=fds)

    def take_name(self, name: str, *, fds: bool = False) -> DBusConnection:
        """Be a service that answers only what the test has it answer."""
        connection = self.connect(fds=fds)
        connection.send_and_get_reply(message_bus.RequestName(name))
        return connection

    def wait_for(self, name: str) -> None:
        """Wait until somebody is the service `name`."""
        with closing(self.connect()) as connection:
            rule = MatchRule(type="signal", member="NameOwnerChanged", sender="org.freedesktop.DBus")
            rule.add_arg_condition(0, name)
            with connection.filter(rule, bufsize=9) as changes:
                connection.send_and_get_reply(message_bus.AddMatch(rule))
                if not connection.send_and_get_reply(message_bus.NameHasOwner(name)).body[0]:
                    connection.recv_until_filtered(changes, timeout=TIMEOUT)

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=TIMEOUT)


class SecretService:
    """The keyring of a computer, unlocked as after logging in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bus = Bus(folder)
        self._daemon: subprocess.Popen[bytes] | None = None
        self.log_in()

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have this process, and what it starts, use this keyring."""
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", self.bus.address)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)

    def log_in(self) -> None:
        """Start the service and unlock the keyring of the session with its password."""
        environment = {"PATH": os.environ["PATH"], "DBUS_SESSION_BUS_ADDRESS": self.bus.address}
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            place = self._folder / name.lower()
            place.mkdir(mode=0o700, exist_ok=True)
            environment[name] = str(place)
        control = self._folder / "control"
        command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
        self._daemon = subprocess.Popen(
            [*command, f"--control-directory={control}"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(PASSWORD)
        self._daemon.stdin.close()
        self.bus.wait_for("org.freedesktop.secrets")

    def log_out(self) -> None:
        """End the service; what the keyring holds stays in its file."""
        if self._daemon is not None:
            self.go_on()
            self._daemon.terminate()
            self._daemon.wait(TIMEOUT)
            self._daemon = None

    def lock(self) -> None:
        """Lock the keyring as its own window does."""
        with closing(self.bus.connect()) as connection:
            secretstorage.get_default_collection(connection).lock()

    def hang(self) -> None:
        """The service is there and answers nothing."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """The service answers again."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGCONT)

    def kept(self) -> dict[str, bytes]:
        """What our program has in the keyring, by user name."""
        with closing(self.bus.connect()) as connection:
            found = list(secretstorage.get_default_collection(connection).get_all_items())
            return {item.get_attributes()["username"]: item.get_secret() for item in found}

    def forget(self) -> None:
        """Lose what is in the keyring."""
        with closing(self.bus.connect()) as connection:
            for item in list(secretstorage.get_default_collection(connection).get_all_items()):
                item.delete()

    def put(self, name: str, secret: bytes) -> None:
        """Have the keyring hold this for an archive, in the place of what it has."""
        with closing(self.bus.connect()) as connection:
            collection = secretstorage.get_default_collection(connection)
            attributes = {"service": "xinyi", "username": name, "application": "Python keyring library"}
            collection.create_item("test", attributes, secret, replace=True)

    def stop(self) -> None:
        self.log_out()
        self.bus.stop()
