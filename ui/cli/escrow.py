"""xinyi county escrow-key | escrow-open; xinyi archive escrow."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from app.access import require
from app.errors import EnvironmentProblem, Problem
from app.texts import Texts
from storage import recovery_code
from storage.archive import Archive
from storage.escrow import EscrowKey, agreed, join, kept_for, new_key, open_code, read_key, read_share, read_shares
from storage.keys import slots_path
from ui.cli.command import Answer, Declaration, opened, read_text, write_file
from ui.cli.user import write_recovery

KEY_FILE = "escrow-key.json"
KEYS_ENDING = ".keys"


def declare_county(commands: Declaration, texts: Texts) -> None:
    """Declare what the county does, beside the sub-commands of `xinyi county`."""
    key = commands.add("escrow-key", _key, "escrow.help_key")
    key.add_argument("--county", required=True, metavar="NAME", help=texts("escrow.help_county_name"))
    key.add_argument("--out", type=Path, required=True, metavar="DIR", help=texts("escrow.help_out"))
    opening = commands.add("escrow-open", _open, "escrow.help_open")
    opening.add_argument("--keys", type=Path, required=True, metavar="FILE", help=texts("escrow.help_keys"))
    opening.add_argument("--share", type=Path, action="append", metavar="FILE", help=texts("escrow.help_share"))
    opening.add_argument("--out", type=Path, metavar="F.pdf", help=texts("escrow.help_open_out"))


def declare_archive(commands: Declaration, texts: Texts) -> None:
    """Declare what a station does, beside the sub-commands of `xinyi archive`."""
    escrow = commands.add("escrow", _escrow, "escrow.help_escrow", archive=True)
    what = escrow.add_mutually_exclusive_group()
    what.add_argument("--county", type=Path, metavar="FILE", help=texts("escrow.help_county"))
    what.add_argument("--end", action="store_true", help=texts("escrow.help_end"))
    escrow.add_argument("--out", type=Path, metavar="F.pdf", help=texts("escrow.help_out_code"))


# ---- the county ----


def _key(arguments: argparse.Namespace, texts: Texts) -> Answer:
    # The PDF library takes a while to load; nothing else here needs it. (So below.)
    from app.reports.escrow_page import share_pdf  # noqa: PLC0415

    folder: Path = arguments.out
    made = dt.datetime.now().astimezone()
    key, shares = new_key(arguments.county, made.date().isoformat())
    files = {f"escrow-{share.number}.pdf": share_pdf(share, key, made=made, texts=texts) for share in shares}
    files[KEY_FILE] = key.written()
    _write_all(folder, files)
    text = texts("escrow.key_made", county=key.county, folder=folder, file=KEY_FILE, fingerprint=key.fingerprint)
    return Answer({"fingerprint": key.fingerprint, "files": [str(folder / name) for name in sorted(files)]}, text)


def _write_all(folder: Path, files: dict[str, bytes]) -> None:
    """All of the files or none, and none in the place of another."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem("cli.cannot_write", file=folder) from error
    for name in files:
        if (folder / name).exists():
            raise Problem("escrow.exists", file=name, folder=folder)
    try:
        for name, data in files.items():
            write_file(folder / name, data)
    except BaseException:
        for name in files:
            (folder / name).unlink(missing_ok=True)
        raise


def _open(arguments: argparse.Namespace, texts: Texts) -> Answer:
    if arguments.share:
        shares = [read_share(read_text(file), place) for place, file in enumerate(arguments.share, 1)]
    else:
        if sys.stdin.isatty():
            print(texts("escrow.type"), file=sys.stderr, flush=True)
        shares = read_shares(sys.stdin.read())
    code = recovery_code.written(open_code(arguments.keys, join(shares)))
    archive = arguments.keys.name.removesuffix(KEYS_ENDING)
    if arguments.out is None:
        return Answer({"code": code}, texts("escrow.opened", file=archive, code=code))
    from app.reports.recovery_page import recovery_pdf  # noqa: PLC0415

    made = dt.datetime.now().astimezone()
    write_file(arguments.out, recovery_pdf(code, station=archive, archive=archive, made=made, texts=texts))
    return Answer({"file": str(arguments.out)}, texts("escrow.opened_page", file=archive, page=arguments.out))


# ---- a station ----


def _escrow(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        require(archive, "accounts")
        if not arguments.county and not arguments.end:
            return _told(archive, texts)
        if arguments.out is None:
            raise Problem("escrow.need_out")
        if arguments.end:
            write_recovery(archive, arguments.out, texts, None)
            return Answer(_data(None), texts("escrow.end", station=archive.device.names.station, file=arguments.out))
        key = read_key(read_text(arguments.county).encode(), arguments.county.name)
        write_recovery(archive, arguments.out, texts, key)
    text = texts("escrow.set", county=key.county, fingerprint=key.fingerprint, file=arguments.out)
    return Answer(_data(key), text)


def _told(archive: Archive, texts: Texts) -> Answer:
    """For whom the code is kept now. That stands in the key-slot file; only the name comes from what was agreed."""
    public, key = kept_for(slots_path(archive.path)), agreed(archive)
    if not public:
        return Answer(_data(None), texts("escrow.not_kept"))
    if key is None or key.public != public:
        unknown = EscrowKey("", "", public)
        return Answer(_data(unknown), texts("escrow.kept_unknown", fingerprint=unknown.fingerprint))
    return Answer(_data(key), texts("escrow.kept", county=key.county, fingerprint=key.fingerprint))


def _data(key: EscrowKey | None) -> dict[str, str | None]:
    return {"county": key.county or None if key else None, "fingerprint": key.fingerprint if key else None}
