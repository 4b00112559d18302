"""Databases for the county's tests: the embedded one, and PostgreSQL as a real server of our own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest

from sync.county import tables
from sync.county.backup import copy_tables
from sync.county.office import DATABASE, DATABASE_URL, County, upgrade

if TYPE_CHECKING:
    from tests.conftest import Station

ROOT_MAY_NOT: dict[str, Any] = (
    {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
)
"""PostgreSQL refuses to run as root: then it runs as the user that its package makes."""


class Postgres:
    """A running PostgreSQL that listens on a socket in its folder and nowhere else."""

    def __init__(self, folder: Path, fsync: str = "off") -> None:
        self._folder = folder
        self._programs = _programs()
        self._run("initdb", "-U", "xinyi", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        # A test that pulls the plug pulls it on our processes, never on this machine: no need to wait for the disk.
        options = f"-k {folder} -c listen_addresses='' -c fsync={fsync} -c max_connections=200"
        self._run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, "-D", self._folder / "data", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **ROOT_MAY_NOT,
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def execute(self, statement: str) -> None:
        with psycopg.connect(f"host={self._folder} user=xinyi dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, name: str) -> str:
        return f"postgresql://xinyi@/{name}?host={self._folder}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The address of a new database."""
        name = f"county_{secrets.token_hex(8)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield self.url(name)
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def closed(self, url: str) -> Iterator[None]:
        """While a database throws everybody out and lets nobody in."""
        name = urlsplit(url).path[1:]
        self.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        with psycopg.connect(f"host={self._folder} user=xinyi dbname=postgres", autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        self.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def _programs() -> Path:
    """Debian keeps the programs of each version apart; elsewhere they are on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    program = str(found[-1]) if found else shutil.which("initdb")
    assert program, "PostgreSQL is needed here: python3 dev.py test installs it"
    return Path(program).parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not below pytest's own folder: that one is closed to other users.
    with tempfile.TemporaryDirectory(prefix="xinyi-pg-") as name:
        if ROOT_MAY_NOT:
            shutil.chown(name, "postgres", "postgres")
        server = Postgres(Path(name))
        yield server
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database; None for the embedded one."""
    if request.param == "sqlite":
        yield None
        return
    server: Any = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


KeptIn = Callable[[str, "Station"], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def kept_in(request: pytest.FixtureRequest) -> KeptIn:
    """While it lasts, the county of a station is kept in a database of the kind that is named."""

    @contextmanager
    def keep(kind: str, station: Station) -> Iterator[None]:
        if kind == "sqlite":
            yield
            return
        server: Any = request.getfixturevalue("postgres")
        with server.database() as url:
            _move(station.county, url)
            station.county = County(station.county.folder)
            yield
            station.county.close()

    return keep


def _move(county: County, url: str) -> None:
    engine = tables.connect(url)
    with county.engine.connect() as source, tables.writing(engine) as target:
        upgrade(target)
        copy_tables(source, target)
    engine.dispose()
    county.close()
    (county.folder / DATABASE).unlink()
    (county.folder / DATABASE_URL).write_text(url)
