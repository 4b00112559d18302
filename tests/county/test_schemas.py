"""A province keeps many counties in one PostgreSQL, each in a schema of its own: docs/scaling.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from sync.county.backup import back_up, restore
from sync.county.office import County
from sync.errors import Problem
from sync.transports.frames import join_segments
from tests.county.conftest import Postgres
from tests.county.served import Caller, admit, running

if TYPE_CHECKING:
    from tests.conftest import Chain


@pytest.fixture
def province(postgres: Postgres) -> Iterator[str]:
    """The address of a database with a schema for each of two counties."""
    with postgres.database() as url:
        with psycopg.connect(url) as connection:
            for schema in ("county_a", "county_b", "county_c"):
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        yield url


def in_schema(url: str, schema: str) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}options=-csearch_path%3D{schema}"


@pytest.fixture
def counties(province: str, tmp_path: Path) -> Iterator[list[County]]:
    made = [
        County.init(tmp_path / schema / "county", name, in_schema(province, schema))
        for name, schema in (("甲县", "county_a"), ("乙县", "county_b"))
    ]
    yield made
    for county in made:
        county.close()


def segments(url: str, schema: str) -> int:
    with psycopg.connect(url) as connection:
        table = sql.Identifier(schema, "segment")
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    assert row
    return int(row[0])


def test_counties_in_two_schemas_know_nothing_of_each_other(
    counties: list[County], province: str, chain: Chain
) -> None:
    ours, theirs = counties
    scope = chain.scope_key.scope
    for county in counties:
        admit(county, chain.device, scope)
    stream = chain.stream()
    assert ours.store.append(scope, chain(3, stream=stream))[:2] == (3, "")
    assert theirs.store.overview(scope).vector == {}
    assert theirs.store.append(scope, chain(2, stream=stream))[:2] == (2, ""), "the same ids are no clash"
    assert (ours.status().segments, theirs.status().segments) == (3, 2)
    assert segments(province, "county_a") == 3
    assert segments(province, "county_b") == 2
    with psycopg.connect(province) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,), "nothing lies beside the schemas"


def test_two_counties_are_served_from_one_database_at_once(counties: list[County], chain: Chain) -> None:
    scope, batches = chain.scope_key.scope, [chain(1), chain(2)]
    for county in counties:
        admit(county, chain.device, scope)
    with ExitStack() as stack:
        servers = [stack.enter_context(running(county.folder, workers=2)) for county in counties]
        for county, server, batch in zip(counties, servers, batches, strict=True):
            caller = stack.enter_context(Caller(county, chain.device, scope, server.url))
            assert caller.call("POST", "/segments", join_segments(batch)).status_code == 200
        for server in servers:
            server.stop()
    assert [county.status().segments for county in counties] == [1, 2]


def test_a_schema_in_use_is_refused_and_another_one_beside_it_is_not(
    counties: list[County], province: str, tmp_path: Path
) -> None:
    with pytest.raises(Problem, match=r"county\.database_in_use"):
        County.init(tmp_path / "again", "丙县", in_schema(province, "county_a"))
    County.init(tmp_path / "beside", "丙县", in_schema(province, "county_c")).close()


def test_one_county_is_restored_into_a_schema_of_its_own(
    counties: list[County], province: str, tmp_path: Path, chain: Chain
) -> None:
    scope = chain.scope_key.scope
    for county in counties:
        admit(county, chain.device, scope)
        county.store.append(scope, chain(2))
    back_up(counties[0], tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again", in_schema(province, "county_c"))
    assert segments(province, "county_c") == 2
    assert segments(province, "county_b") == 2
