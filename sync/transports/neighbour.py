"""Another laptop in the same room: one waits as `Host`, the other comes as `Visitor`.

Both prove that they belong to the same station, both show the same six digits, and nothing is exchanged before people
have confirmed on both sides. Then the visitor meets the host's archive like any other store. A host serves that one line
and stops.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import socket
import ssl
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.engine import Home, Progress, Transfer, meet
from sync.errors import EnvironmentProblem, Problem
from sync.transports.handshake import (
    LIMIT,
    SECONDS,
    Acquaintance,
    Party,
    read_refusal,
    receive_visit,
    visit,
    write_refusal,
)
from sync.transports.line import MAX_MESSAGE, Broken, Line, Silent
from sync.transports.nearby import Announcement, split_address
from sync.transports.peer import Hosting, PeerStore

CONFIRM_SECONDS = 300.0
"""How long people have to compare the digits and press the button, on both sides."""

CONNECT_SECONDS = 5.0
ROUNDS = 10
"""Meetings in one go, at most: keys that come with one bring more to exchange in the next."""

_GLANCE = 0.2
"""Seconds between two looks at whether somebody decided or gave up."""

_AGREED = b"agreed"

Show = Callable[[str, str], None]
"""Told the digits to compare and what the other computer calls itself; on the thread that runs."""


class _Answer(Enum):
    """What a person said about the digits."""

    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"


class _Encounter(ABC):
    """What both sides do alike. `run` blocks; `confirm`, `deny` and `cancel` may be called from any thread.

    Attributes:
        code: the digits to compare, empty until the handshake is done.
        peer: what the other computer calls itself, likewise.
    """

    def __init__(self, party: Party, show: Show) -> None:
        self._party = party
        self._show = show
        self._answer = _Answer.OPEN
        self._cancelled = threading.Event()
        self._line: Line | None = None
        self.code = ""
        self.peer = ""

    def confirm(self) -> None:
        """A person says that the digits are the same on both screens."""
        self._answer = _Answer.SAME

    def deny(self) -> None:
        """A person says that they are not; the other side is told."""
        self._answer = _Answer.DIFFERENT

    def cancel(self) -> None:
        """Give up, at any time. What has been exchanged stays."""
        self._cancelled.set()
        line = self._line
        if line is not None:
            line.cut()

    def run(self, home: Home, progress: Progress | None = None) -> Transfer:
        """Meet the neighbour and bring both archives to the same content, as far as both take it.

        Raises:
            Problem: nobody came, somebody else came, the digits differ, or the line broke. What was exchanged is safe.
        """
        try:
            with self._acquainted() as (line, known):
                self.code, self.peer = known.code, known.peer.device_name
                self._show(self.code, self.peer)
                self._agree(line)
                line.limit = MAX_MESSAGE
                with self._interruptible(line):
                    home.add_papers(known.peer.scope, [known.paper])
                    home.settle()
                    return self._exchange(home, line, known.peer.scope, progress)
        except (Broken, Silent) as error:
            self._stop_if_cancelled()
            raise EnvironmentProblem("neighbour.broken_off") from error
        except Problem:
            self._stop_if_cancelled()
            raise

    @abstractmethod
    def _acquainted(self) -> AbstractContextManager[tuple[Line, Acquaintance]]:
        """A line to somebody who has proved to belong here."""

    @abstractmethod
    def _exchange(self, home: Home, line: Line, scope: bytes, progress: Progress | None) -> Transfer:
        """What follows once people on both sides have agreed."""

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Problem("neighbour.stopped")

    @contextmanager
    def _interruptible(self, line: Line) -> Iterator[None]:
        """While this lasts, `cancel` cuts the line."""
        self._line = line
        try:
            self._stop_if_cancelled()
            yield
        finally:
            self._line = None

    def _agree(self, line: Line) -> None:
        """Wait until people on both sides have said that the digits are the same."""
        end = time.monotonic() + CONFIRM_SECONDS
        told = agreed = False
        while not (told and agreed):
            if self._cancelled.is_set() or self._answer is _Answer.DIFFERENT:
                with contextlib.suppress(Broken):
                    line.send(write_refusal("denied"), SECONDS)
                raise Problem("neighbour.different", device=self.peer)
            if time.monotonic() > end:
                raise Problem("neighbour.too_late")
            if self._answer is _Answer.SAME and not told:
                line.send(_AGREED, SECONDS)
                told = True
            elif agreed:
                self._cancelled.wait(_GLANCE)
            else:
                with contextlib.suppress(Silent):
                    agreed = self._agreement(line.receive(_GLANCE))

    def _agreement(self, message: bytes) -> bool:
        if message == _AGREED:
            return True
        reason = read_refusal(message)
        if reason is None:
            raise Broken
        raise Problem(f"neighbour.{reason}", device=self.peer)


class Host(_Encounter):
    """Waits for a neighbour; to be used as a context manager, which begins to listen.

    Args:
        party: who we are.
        show: told the digits.
        name: what the list on the other computer shows; empty to be found by address alone.
        address: where to listen.
        port: likewise, 0 for any free one.
    """

    def __init__(self, party: Party, show: Show, name: str, *, address: str = "", port: int = 0) -> None:
        super().__init__(party, show)
        self._context, self._certificate = ephemeral_identity()
        self._listener = _listen(address, port)
        self._announcement: Announcement | None = None
        self.port: int = self._listener.getsockname()[1]
        if name:
            try:
                self._announcement = Announcement(name, self.port, address)
            except OSError:
                # Without multicast the other side types the address; that is no reason not to wait.
                self._announcement = None

    @property
    def is_announced(self) -> bool:
        """Whether others can find this host by themselves."""
        return self._announcement is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        if self._announcement is not None:
            self._announcement.close()
            self._announcement = None
        self._listener.close()

    @contextmanager
    def _acquainted(self) -> Iterator[tuple[Line, Acquaintance]]:
        while True:
            connection = self._accept()
            with contextlib.closing(connection):
                line = Line(connection, LIMIT)
                try:
                    with self._interruptible(line):
                        known = receive_visit(line, self._party, self._certificate)
                except (Broken, Silent):
                    # Not one of ours, or gone again: somebody else may come.
                    continue
                self.close()
                yield line, known
                return

    def _accept(self) -> ssl.SSLSocket:
        self._listener.settimeout(_GLANCE)
        while True:
            self._stop_if_cancelled()
            try:
                plain, _ = self._listener.accept()
                plain.settimeout(SECONDS)
                return self._context.wrap_socket(plain, server_side=True)
            except OSError:  # nobody yet, or somebody without TLS
                continue

    def _exchange(self, home: Home, line: Line, scope: bytes, progress: Progress | None) -> Transfer:
        hosting = Hosting(home, line, scope, progress)
        try:
            hosting.serve()
        finally:
            # Also where the line broke: what has arrived is here to stay, and people may see it.
            home.settle()
        return hosting.transfer


class Visitor(_Encounter):
    """Goes to a neighbour who waits.

    Args:
        party: who we are.
        show: told the digits.
        addresses: where the neighbour may be, each ``host:port``. Raises Problem where one is no address.
    """

    def __init__(self, party: Party, show: Show, addresses: Sequence[str]) -> None:
        super().__init__(party, show)
        self._addresses = [split_address(one) for one in addresses]
        self._name = ", ".join(addresses)

    def _connect(self) -> ssl.SSLSocket:
        failure: Exception | None = None
        for address in self._addresses:
            self._stop_if_cancelled()
            try:
                plain = socket.create_connection(address, CONNECT_SECONDS)
                # The host's certificate is made for this meeting; the handshake binds it to the device behind it.
                return _visiting_context().wrap_socket(plain)
            except (OSError, UnicodeError) as error:
                failure = error
        raise EnvironmentProblem("neighbour.nobody", address=self._name) from failure

    @contextmanager
    def _acquainted(self) -> Iterator[tuple[Line, Acquaintance]]:
        with contextlib.closing(self._connect()) as connection:
            seen = connection.getpeercert(binary_form=True)
            line = Line(connection, LIMIT)
            with self._interruptible(line):
                known = visit(line, self._party, seen or b"")
            yield line, known

    def _exchange(self, home: Home, line: Line, scope: bytes, progress: Progress | None) -> Transfer:
        store = PeerStore(line, scope)
        transfer = Transfer()
        for _ in range(ROUNDS):
            before = home.overview(scope), store.overview(scope)
            transfer += meet(home, store, progress)
            if (home.overview(scope), store.overview(scope)) == before:
                break
        store.farewell()
        return transfer


def _listen(address: str, port: int) -> socket.socket:
    try:
        if address:
            return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        return socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise EnvironmentProblem("neighbour.cannot_listen", port=port) from error


def _visiting_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def ephemeral_identity() -> tuple[ssl.SSLContext, bytes]:
    """What a host shows at one meeting: a TLS context with a key of its own, and its certificate (DER)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "xinyi")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Nobody looks at the dates: clocks may be wrong, and the handshake says who it is.
        .not_valid_before(dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # The library reads keys from files alone: for a moment there is one, sealed with a password that nobody keeps.
    password = secrets.token_bytes(32).hex().encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(password),
            )
        )
        context.load_cert_chain(file, password=password)
    return context, certificate.public_bytes(serialization.Encoding.DER)
