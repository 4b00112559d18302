"""What the county's server says is safe with it, and whether it is still the one that it was."""

from __future__ import annotations

from collections.abc import Callable

from storage.database import Connection, Meta
from storage.device import Device
from storage.shelf import Shelf
from sync.engine import ServerState
from sync.papers import Agreement, Receipt, UnreadablePaper, open_paper, paper_kind
from sync.store import Overview, Vector, state_digest

_INCARNATION = "server incarnation"


class Receipts:
    """Takes receipts in, within the caller's transaction.

    Args:
        connection: the archive's.
        device: who we are; it knows the county's server.
        shelf: where is noted how far each stream is safe.
    """

    def __init__(self, connection: Connection, device: Device, shelf: Shelf) -> None:
        self._connection = connection
        self._meta = Meta(connection)
        self._device = device
        self._shelf = shelf

    def take(self, receipt: bytes, here: Callable[[], dict[bytes, Overview]]) -> ServerState:
        """Take a receipt; one that our county's server did not sign changes nothing.

        Args:
            receipt: a paper, of either kind.
            here: gives what this archive holds, for a receipt that speaks of just that.

        Returns:
            ``restored`` where the server was put back from a backup, ``rolled_back`` where it has less than it had and does
            not say so; else nothing.
        """
        server = self._device.server
        if server is None:
            return ""
        try:
            incarnation, vectors = self._read(receipt, server.server_key, here)
        except UnreadablePaper:
            return ""
        lower = [self._shelf.acknowledge(scope, vector) for scope, vector in vectors.items()]
        before = self._meta.get(_INCARNATION)
        if before != incarnation:
            self._meta.put(_INCARNATION, incarnation)
            # What the county declined may have had its reason in what it has forgotten.
            self._connection.execute("DELETE FROM paper_aside")
        if before is not None and before != incarnation:
            return "restored"
        return "rolled_back" if any(lower) else ""

    def _read(
        self, receipt: bytes, server_key: bytes, here: Callable[[], dict[bytes, Overview]]
    ) -> tuple[bytes, dict[bytes, Vector]]:
        """The server's incarnation, and what is safe there, by scope. Raises UnreadablePaper."""
        if paper_kind(receipt) == Receipt.KIND:
            body = open_paper(receipt, Receipt, server_key)
            return body.incarnation, {body.scope: body.vector}
        agreement = open_paper(receipt, Agreement, server_key)
        held = here()
        same = agreement.state == state_digest(held)
        return agreement.incarnation, {scope: one.vector for scope, one in held.items()} if same else {}
