"""What processes cost, as the kernel counts it, and a proxy that counts the bytes between two of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

ROOT = Path(__file__).resolve().parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_READ_BYTES = 256 * 1024
_STILL = 10
"""Tenths of a second."""


def processor_seconds(process: int) -> float:
    """What a process and all that it started have used so far, in seconds of one core."""
    return sum(sum(map(int, _stat(one)[11:13])) / _TICKS for one in family(process))


def peak_megabytes(process: int) -> float:
    """The most memory that a process and those that it started have had, each at its own time.

    What they share, mostly the code of libraries, counts once.
    """
    gone = [_kilobytes(one, "status", "VmHWM") - _kilobytes(one, "status", "VmRSS") for one in family(process)]
    return sum(gone + [_kilobytes(one, "smaps_rollup", "Pss") for one in family(process)]) / 1024


def family(process: int) -> list[int]:
    """A process and those that it started, as far as they live."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found, waiting = [], [process]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def _stat(process: int) -> list[str]:
    """The fields of /proc/…/stat after the name, which may hold spaces."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _kilobytes(process: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


class Server:
    """A server process that says in its first line, as JSON, at which `url` it listens.

    Args:
        command: how it is started.
        log: where the rest of what it says goes.
    """

    def __init__(self, command: list[str], log: Path, **options: Any) -> None:
        with log.open("w") as file:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True, **options)
        line = self._process.stdout.readline() if self._process.stdout else ""
        assert line, log.read_text()
        self.url: str = msgspec.json.decode(line)["url"]
        self.pid = self._process.pid
        self._before = processor_seconds(self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(60)
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.url.rstrip("/").rpartition(":")[2])

    def settle(self) -> None:
        """Wait until it does nothing any more: workers go on starting when the first of them listens."""
        before, still = processor_seconds(self.pid), 0
        while still < _STILL:
            time.sleep(0.1)
            now = processor_seconds(self.pid)
            before, still = now, still + 1 if now == before else 0
        self._before = before

    def processor_seconds(self) -> float:
        """Seconds of one core since it began to listen, or settled."""
        return processor_seconds(self.pid) - self._before

    def peak_megabytes(self) -> float:
        """The most memory that its processes have had."""
        return peak_megabytes(self.pid)


def county_server(folder: Path, *options: str) -> Server:
    """The server of the county in `folder`, as it is started by hand."""
    program = Path(sys.executable).with_name("xinyi")
    command = [str(program), "county", "serve", "--json", str(folder), "--port", "0", *options]
    return Server(command, folder.parent / "server.log")


def run(command: list[str], **options: Any) -> Any:
    """Run a program to its end; its last line is JSON."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, **options)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-2000:]
    return msgspec.json.decode(done.stdout.splitlines()[-1])


class Proxy:
    """Passes connections on and counts their bytes, whatever they carry."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.up = 0
        self.down = 0
        self.flights: list[int] = []
        """Bytes that went in one direction before the other side said something; the first are the client's."""
        self._lock = threading.Lock()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours = self._listener.accept()[0]
                theirs = socket.create_connection(("127.0.0.1", self._target))
                for one in (ours, theirs):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for pair in ((ours, theirs, self._count_up), (theirs, ours, self._count_down)):
                    threading.Thread(target=_pass, args=pair, daemon=True).start()

    def _count_up(self, size: int) -> None:
        with self._lock:
            self.up += size
            self._flies(size, upward=True)

    def _count_down(self, size: int) -> None:
        with self._lock:
            self.down += size
            self._flies(size, upward=False)

    def _flies(self, size: int, *, upward: bool) -> None:
        if len(self.flights) % 2 == upward:
            self.flights[-1] += size
        else:
            self.flights.append(size)

    def start(self) -> None:
        """Begin to accept."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pass(source: socket.socket, target: socket.socket, count: Callable[[int], None]) -> None:
    with suppress(OSError), source, target:
        while data := source.recv(_READ_BYTES):
            count(len(data))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
        # The other direction may still have something to say; it closes both when it has.
        while target.recv(1, socket.MSG_PEEK):
            pass


@contextmanager
def counted(port: int) -> Iterator[Proxy]:
    """A proxy in front of a port of this machine."""
    proxy = Proxy(port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()
