"""An invented county that is really served, and a real browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.browser.chromium import DESK, Browser, chromium
from tests.browser.lively import Lively
from tests.processes import run_process
from ui.demo.server import ServerProcess


class Served(NamedTuple):
    """A county and where it is served."""

    folder: Path
    url: str

    def link(self) -> str:
        """What the administrator gets to open."""
        done = run_process(["county", "status", str(self.folder), "--link", "--url", self.url, "--json"])
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["link"])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("browser") / "county"
    Lively.make(folder, int(time.time()))
    with ServerProcess(folder) as server:
        yield Served(folder, server.url)


@pytest.fixture(scope="session")
def window(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    # After the server, so that it ends before: nobody is then left for the server to wait for.
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(window: Browser) -> Browser:
    """A browser that has never been anywhere."""
    window.shape(DESK)
    window.clear()
    return window
