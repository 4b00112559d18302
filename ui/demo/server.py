"""The county server as a process of its own, for as long as the demonstration needs it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import msgspec

from app.errors import EnvironmentProblem

STOP_SECONDS = 20


class ServerProcess(AbstractContextManager["ServerProcess"]):
    """`xinyi county serve` on this machine; `url` is where it listens. Ends with the block.

    Args:
        folder: of the county.
        port: where to listen, 0 for any free one.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        command = [sys.executable, "-m", "ui", "county", "serve", str(folder), "--port", str(port), "--json"]
        self._process = subprocess.Popen(  # noqa: S603 -- our own program
            command, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=Path(__file__).resolve().parents[2]
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        try:
            self.url = msgspec.json.decode(line, type=dict[str, str])["url"]
        except (msgspec.MsgspecError, KeyError) as error:
            self._process.kill()
            self._process.wait()
            raise EnvironmentProblem("demo.no_server") from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
