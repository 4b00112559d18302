"""xinyi county init | serve | admit | publish | devices | status | backup | restore: the work of the county's administrator."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app.texts import Texts
from sync.county.backup import back_up, restore
from sync.county.office import County
from sync.county.server import serve
from sync.county.tables import reached
from sync.scopes import ROLES
from ui.cli import escrow, publishing, revoking, visiting
from ui.cli.command import Answer, Declaration, read_text, table, write_file

DEFAULT_PORT = 8443
MOST_WORKERS = 64
DEFAULT_URL = f"https://127.0.0.1:{DEFAULT_PORT}"


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    init = commands.add("init", _init, "cli.help_county_init")
    init.add_argument("--name", metavar="NAME", help=texts("cli.help_option_county"))
    serving = commands.add("serve", _serve, "cli.help_county_serve")
    serving.add_argument("--host", default="127.0.0.1", metavar="H", help=texts("cli.help_option_host"))
    serving.add_argument("--port", type=int, default=DEFAULT_PORT, metavar="N", help=texts("cli.help_option_port"))
    serving.add_argument("--workers", type=_count, default=1, metavar="N", help=texts("cli.help_option_workers"))
    admit = commands.add("admit", _admit, "cli.help_county_admit")
    devices = commands.add("devices", _devices, "cli.help_county_devices")
    status = commands.add("status", _status, "cli.help_county_status")
    status.add_argument("--link", action="store_true", help=texts("cli.help_option_link"))
    status.add_argument("--url", default=DEFAULT_URL, metavar="URL", help=texts("cli.help_option_link_url"))
    saving = commands.add("backup", _backup, "cli.help_county_backup")
    saving.add_argument("--out", type=Path, required=True, metavar="FILE", help=texts("cli.help_option_out"))
    restoring = commands.add("restore", _restore, "cli.help_county_restore")
    restoring.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_county_backup"))
    revoke = revoking.declare(commands, texts, _opened)
    publish = publishing.declare(commands, _opened)
    for command in (init, serving, admit, devices, status, saving, restoring, revoke, publish):
        command.add_argument("folder", type=Path, metavar="DIR", help=texts("cli.help_option_county_folder"))
        command.add_argument("--database-url", metavar="URL", help=texts("cli.help_option_database"))
    admit.add_argument("request", type=Path, metavar="REQUEST", help=texts("cli.help_option_request"))
    admit.add_argument("--station", required=True, metavar="S", help=texts("cli.help_option_station"))
    admit.add_argument("--role", default=ROLES[0], choices=ROLES, metavar="R", help=texts("cli.help_option_role"))
    admit.add_argument("--out", type=Path, required=True, metavar="FILE", help=texts("cli.help_option_out"))
    revoking.declare_device(revoke, texts)
    publishing.declare_files(publish, texts)
    escrow.declare_county(commands, texts)


@contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[County]:
    with reached():
        county = County(arguments.folder, arguments.database_url)
        try:
            yield county
        finally:
            county.close()


def _init(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with reached():
        name = arguments.name or arguments.folder.resolve().name
        county = County.init(arguments.folder, name, arguments.database_url)
        county.close()
    return Answer(
        {"county": county.name, "server": county.server.id.hex()}, texts("cli.county_made", county=county.name)
    )


def _serve(arguments: argparse.Namespace, texts: Texts) -> Answer:
    def announce(url: str) -> None:
        print(
            msgspec.json.encode({"url": url}).decode() if arguments.as_json else texts("cli.serving", url=url),
            flush=True,
        )

    with _opened(arguments) as county:
        serve(county, arguments.host, arguments.port, announce, workers=arguments.workers)
    return Answer({"stopped": True}, texts("cli.stopped"))


def _admit(arguments: argparse.Namespace, texts: Texts) -> Answer:
    text = read_text(arguments.request)
    with _opened(arguments) as county:
        admission = county.admit(text, arguments.station, arguments.role, arguments.request.name)
    write_file(arguments.out, admission.encode())
    data = {"station": arguments.station, "role": arguments.role, "file": str(arguments.out)}
    return Answer(data, texts("cli.admission_written", station=arguments.station, file=arguments.out))


def _devices(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with _opened(arguments) as county:
        devices = county.devices()
    data = msgspec.to_builtins(devices)
    shown = [
        (one.station, one.name, one.role, *map(_moment, (one.admitted, one.seen, one.revoked)), one.device[:12])
        for one in devices
    ]
    header = [
        texts(f"cli.column_{name}") for name in ("station", "device", "role", "admitted", "seen", "revoked", "id")
    ]
    return Answer(data, table(shown, header) if shown else texts("cli.no_devices"))


def _status(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with _opened(arguments) as county:
        if arguments.link:
            return visiting.invite(county, arguments.url, texts)
        status = county.status()
    return Answer(msgspec.to_builtins(status), texts("cli.county_status", **msgspec.to_builtins(status)))


def _backup(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with _opened(arguments) as county:
        contents = back_up(county, arguments.out)
    data = {"county": contents.county, "made": contents.made, "file": str(arguments.out)}
    return Answer(data, texts("cli.county_backed_up", county=contents.county, file=arguments.out))


def _restore(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with reached():
        contents = restore(arguments.file, arguments.folder, arguments.database_url)
    data = {"county": contents.county, "made": contents.made, "folder": str(arguments.folder)}
    return Answer(data, texts("cli.county_restored", county=contents.county, made=_moment(contents.made)))


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MOST_WORKERS:
        raise ValueError
    return count


def _moment(seconds: int | None) -> str:
    if seconds is None:
        return "—"
    return dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
