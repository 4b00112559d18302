"""The administrator's way to the status page: links that work once, and the sessions that they open.

The token of a link stands in its path, not in a fragment, because the page has to work without scripts. What makes that
safe: opening the link only shows a button, so that nothing that looks at links in passing (a chat, a virus scanner) uses
it up; the button sends the token in a body, and it is worth nothing afterwards, whoever finds it in a history or a log.
The database holds hashes of tokens alone.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine, delete, func, select

from sync.county import tables

LINK_SECONDS = 15 * 60
SESSION_SECONDS = 8 * 3600
"""A working day: nobody stays signed in overnight."""

TOKEN_BYTES = 32
TOKEN_LENGTH = len(secrets.token_urlsafe(TOKEN_BYTES))
_LINK, _SESSION = "link", "session"


class Visits:
    """Links and sessions in the county's database, the same for all processes that serve it.

    Args:
        engine: the database.
        now: seconds since 1970.
    """

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now

    def invite(self) -> str:
        """The token of a new link; links that were made before and not used end with it."""
        columns = tables.visit.c
        with tables.writing(self._engine) as connection:
            connection.execute(delete(tables.visit).where(columns.kind == _LINK))
            return self._issue(connection, _LINK, LINK_SECONDS)

    def enter(self, token: str) -> str | None:
        """Use a link: the token of a new session, or None where the link is unknown, used or too old."""
        columns = tables.visit.c
        with tables.writing(self._engine) as connection:
            # Counting what was deleted lets one of two get in who use the same link at once.
            used = connection.execute(
                delete(tables.visit).where(
                    columns.token == _hash(token), columns.kind == _LINK, columns.expires > self._now()
                )
            )
            return self._issue(connection, _SESSION, SESSION_SECONDS) if used.rowcount == 1 else None

    def is_open(self, session: str) -> bool:
        """Whether somebody who shows this token is signed in."""
        columns = tables.visit.c
        query = select(columns.token).where(
            columns.token == _hash(session), columns.kind == _SESSION, columns.expires > self._now()
        )
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def sessions(self) -> int:
        """In how many browsers somebody is signed in."""
        columns = tables.visit.c
        query = select(func.count()).where(columns.kind == _SESSION, columns.expires > self._now())
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def leave(self, session: str, *, everywhere: bool = False) -> None:
        """Sign out here, or in every browser; nothing happens where the session is not open."""
        columns = tables.visit.c
        if not self.is_open(session):
            return
        with tables.writing(self._engine) as connection:
            ending = columns.kind == _SESSION if everywhere else columns.token == _hash(session)
            connection.execute(delete(tables.visit).where(ending))

    def _issue(self, connection: Connection, kind: str, seconds: int) -> str:
        now = int(self._now())
        connection.execute(delete(tables.visit).where(tables.visit.c.expires <= now))
        token = secrets.token_urlsafe(TOKEN_BYTES)
        connection.execute(tables.visit.insert().values(token=_hash(token), kind=kind, expires=now + seconds))
        return token


def _hash(token: str) -> bytes:
    # The tokens are random and long: nothing is gained by a slow hash.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
