"""The county's escrow key: a way to the recovery codes of the stations that agreed to it.

Its private half exists as printed shares only (SLIP-39), any two of three of which give it back. Layout:
docs/archive-format.md, Escrow.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic import Share as Slip39Share
from shamir_mnemonic.wordlist import WORDLIST

from storage.archive import Archive
from storage.errors import EnvironmentProblem, Problem
from storage.keys import ESCROW_SLOT, MAC_SIZE, MAGIC, MAX_FILE, RECOVERY_SLOT, SlotFile, give_back, open_recovery
from sync.crypto import Recipient, Unsealed, derive, digest, wrap
from sync.ids import ID_SIZE
from sync.wire import UNDECODABLE

SHARES, NEEDED = 3, 2
WORDS = 33
"""Words of a share of 32 bytes."""

FORMAT = 1
_SEED_SIZE = 32
_KIND = "xinyi escrow key"
_WORD = re.compile("[a-z]+")


# ---- the public key ----


class EscrowKey(msgspec.Struct, frozen=True):
    """What a station is given: to whom it opens its recovery code.

    Attributes:
        county: whose key it is.
        made: ISO date.
        public: the key.
    """

    county: str
    made: str
    public: bytes

    @property
    def fingerprint(self) -> str:
        """What people compare: the tag of the escrow slot, in groups of four."""
        tag = digest(self.public)[:ID_SIZE].hex()
        return " ".join(tag[place : place + 4] for place in range(0, len(tag), 4))

    def written(self) -> bytes:
        """The file for the stations."""
        return msgspec.json.format(msgspec.json.encode(_KeyFile(_KIND, FORMAT, self, self.fingerprint))) + b"\n"


class _KeyFile(msgspec.Struct, frozen=True):
    what: str
    format: int
    key: EscrowKey
    fingerprint: str


class _Kind(msgspec.Struct, frozen=True):
    what: str
    format: int


def read_key(data: bytes, file: str) -> EscrowKey:
    """The key in a file for stations. Raises Problem: it is none, was changed on the way, or is a newer one's."""
    try:
        kind = msgspec.json.decode(data, type=_Kind)
        if kind.what == _KIND and kind.format > FORMAT:
            raise Problem("escrow.newer", file=file)
        said = msgspec.json.decode(data, type=_KeyFile)
    except UNDECODABLE as error:
        raise Problem("escrow.not_a_key", file=file) from error
    if said.what != _KIND or said.fingerprint != said.key.fingerprint or not _is_key(said.key.public):
        raise Problem("escrow.not_a_key", file=file)
    return said.key


def _is_key(public: bytes) -> bool:
    try:
        wrap(public, b"", b"")
    except Unsealed:
        return False
    return True


# ---- the shares ----


class Share(NamedTuple):
    """One of the three pages: its words, and which of the three it is."""

    words: str
    number: int


def new_key(county: str, made: str) -> tuple[EscrowKey, list[Share]]:
    """A new key of a county: what stations are given, and the shares. The private key is kept nowhere."""
    seed = secrets.token_bytes(_SEED_SIZE)
    (words,) = generate_mnemonics(1, [(NEEDED, SHARES)], seed)
    return EscrowKey(county, made, _recipient(seed).public_key), [read_share(one) for one in words]


def read_share(text: str, place: int = 1) -> Share:
    """The share that somebody typed; numbers, commas and capital letters between its words do not matter.

    Args:
        text: the words.
        place: what to call it in a sentence: the first or the second that was given.

    Raises:
        Problem: a word is none of the list, there are too many or too few, one is mistyped, or it is another program's.
    """
    words = _words(text)
    known = {*WORDLIST}
    for number, word in enumerate(words, 1):
        if word not in known:
            raise Problem("escrow.word", share=place, number=number, word=word)
    if len(words) != WORDS:
        raise Problem("escrow.length", share=place, given=len(words), length=WORDS)
    try:
        share = Slip39Share.from_mnemonic(" ".join(words))
    except MnemonicError as error:
        raise Problem("escrow.mistyped", share=place) from error
    if (share.group_threshold, share.group_count, share.member_threshold) != (1, 1, NEEDED) or share.index >= SHARES:
        raise Problem("escrow.foreign", share=place)
    return Share(" ".join(words), share.index + 1)


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def read_shares(text: str) -> list[Share]:
    """As many shares as are needed, typed one after the other. Raises Problem as `read_share` does."""
    words = _words(text)
    parts = [words[first : first + WORDS] for first in range(0, max(len(words), 1), WORDS)]
    return [read_share(" ".join(part), place) for place, part in enumerate(parts, 1)]


def join(shares: Sequence[Share]) -> Recipient:
    """The private key. Raises Problem: too few shares or too many, one of them twice, or shares of different keys."""
    if len(shares) != NEEDED:
        raise Problem("escrow.how_many", given=len(shares), needed=NEEDED)
    if len({share.words for share in shares}) < NEEDED:
        raise Problem("escrow.same_share", number=shares[0].number)
    try:
        return _recipient(combine_mnemonics([share.words for share in shares]))
    except MnemonicError as error:
        raise Problem("escrow.different_keys") from error


def _recipient(seed: bytes) -> Recipient:
    parts = [derive(seed, salt=b"", info=f"xinyi escrow {part}".encode()) for part in (1, 2, 3)]
    return Recipient(b"".join(parts))


# ---- the archive of a station ----


def open_code(slots: Path, holder: Recipient) -> bytes:
    """The recovery code of the archive whose key-slot file this is.

    Args:
        slots: path of the key-slot file; the archive itself is not needed.
        holder: from `join`.

    Raises:
        Problem: not a key-slot file, damaged, or the station's code is not kept for this key.
    """
    content = _read_unproven(slots)
    recovery, escrow = content.of_kind(RECOVERY_SLOT), content.of_kind(ESCROW_SLOT)
    if recovery is None or escrow is None or recovery.kept is None:
        raise Problem("escrow.none", file=slots.name)
    if escrow.public != holder.public_key:
        kept, given = (EscrowKey("", "", public).fingerprint for public in (escrow.public, holder.public_key))
        raise Problem("escrow.other_key", file=slots.name, kept=kept, given=given)
    try:
        code = give_back(content.archive, recovery, holder)
    except Unsealed as error:
        raise Problem("archive.keys_damaged", file=slots.name) from error
    # Nobody proved the file so far; whoever opens it with the code does.
    open_recovery(slots, code)
    return code


# ---- the station's decision ----


class _Agreed(msgspec.Struct, frozen=True):
    key: EscrowKey
    proof: bytes


def agree(archive: Archive, key: EscrowKey | None) -> None:
    """Remember for whom whoever opened the archive keeps its next recovery codes; None for nobody from now on."""
    agreed = msgspec.json.encode(_Agreed(key, _proof(archive, key))).decode() if key else ""
    archive.remember(_place(archive), agreed)


def agreed(archive: Archive) -> EscrowKey | None:
    """What `agree` was told last by the same user."""
    said = archive.local(_place(archive))
    if not said:
        return None
    one = msgspec.json.decode(said, type=_Agreed)
    return one.key if hmac.compare_digest(one.proof, _proof(archive, one.key)) else None


def agreed_public(archive: Archive) -> bytes:
    """The key for `Accounts.set_recovery`; empty for nobody's."""
    key = agreed(archive)
    return key.public if key else b""


def _place(archive: Archive) -> str:
    return f"escrow {archive.user.hex()}"


def _proof(archive: Archive, key: EscrowKey) -> bytes:
    """Others have the archive's raw key too, and could write a key of their own here; this needs the user's password."""
    private = archive.accounts.own_key.private_key
    return derive(private, salt=archive.id, info=b"xinyi escrow agreed 1" + digest(key.written()))


# ---- the key-slot file ----


def kept_for(slots: Path) -> bytes:
    """The public key for which a key-slot file keeps the recovery code, whoever wrote that; empty for none."""
    escrow = _read_unproven(slots).of_kind(ESCROW_SLOT)
    return escrow.public if escrow else b""


def _read_unproven(path: Path) -> SlotFile:
    """All slots, for somebody who has no raw key to check the file with."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE)
    except FileNotFoundError as error:
        raise Problem("archive.keys_missing", file=path.name) from error
    except OSError as error:
        raise EnvironmentProblem("archive.cannot_read", file=path.name) from error
    magic = data[: len(MAGIC)]
    if magic != MAGIC:
        raise Problem("archive.newer" if magic[:-1] == MAGIC[:-1] else "archive.keys_foreign")
    try:
        return msgspec.msgpack.decode(data[len(MAGIC) : -MAC_SIZE], type=SlotFile)
    except UNDECODABLE as error:
        raise Problem("archive.keys_damaged", file=path.name) from error
