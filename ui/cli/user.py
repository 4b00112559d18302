"""xinyi archive user list | add | remove | role | reset | password; archive recover | recovery | rekey."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import msgspec

from app.access import Roles, require
from app.errors import Problem
from app.people.service import People
from app.texts import Texts
from app.users import Account, Users, check_password
from storage import device_secret, recovery_code
from storage.accounts import recover
from storage.archive import Archive
from storage.escrow import EscrowKey, agree, agreed
from storage.keys import open_slots, slots_path
from storage.rekey import rekey
from ui.cli.command import (
    Answer,
    Declaration,
    add_user_options,
    archive_path,
    opened,
    password,
    read_text,
    table,
    user_name,
    write_file,
)


def declare(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-commands beside those of `xinyi archive`."""
    users = Declaration(commands.group("user", "cli.help_user"), texts)
    users.add("list", _list, "cli.help_user_list", archive=True)
    for name, run in (("add", _add), ("reset", _reset), ("remove", _remove), ("role", _role)):
        parser = users.add(name, run, f"cli.help_user_{name}", archive=True)
        parser.add_argument("name", metavar="NAME", help=texts("cli.help_option_user_name"))
        if name in {"add", "role"}:
            parser.add_argument(
                "--role", action="append", required=True, metavar="ROLE", help=texts("cli.help_option_role")
            )
            parser.add_argument("--group", action="append", metavar="NAME", help=texts("cli.help_option_user_group"))
        if name in {"add", "reset"}:
            _add_new_password(parser, texts)
    own = users.add("password", _password, "cli.help_user_password", archive=True)
    _add_new_password(own, texts)
    own.add_argument("--bind", action=argparse.BooleanOptionalAction, help=texts("cli.help_option_bind"))
    users.add("trust", _trust, "cli.help_user_trust", archive=True)
    recovering = commands.add("recover", _recover, "cli.help_recover")
    recovering.add_argument("--archive", type=Path, help=texts("cli.help_option_archive"))
    add_user_options(recovering, texts)
    recovering.add_argument("--code-file", type=Path, required=True, metavar="F", help=texts("cli.help_option_code"))
    recovery = commands.add("recovery", _recovery, "cli.help_recovery", archive=True)
    recovery.add_argument(
        "--out", type=Path, required=True, metavar="F.pdf", help=texts("cli.help_option_recovery_out")
    )
    commands.add("rekey", _rekey, "cli.help_rekey", archive=True)


def _add_new_password(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument(
        "--new-password-file", type=Path, required=True, metavar="F", help=texts("cli.help_option_new_password")
    )


def _new_password(arguments: argparse.Namespace) -> str:
    lines = read_text(arguments.new_password_file).splitlines()
    return lines[0] if lines else ""


def _list(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        accounts = Users(archive).listed()
    rules = {role.id: role.title[texts.language] for role in Roles.load().roles}
    rows = [
        (
            account.name,
            texts("words.separator").join(rules.get(role, role) for role in account.roles),
            texts("cli.user_here" if account.here else "cli.user_elsewhere"),
        )
        for account in accounts
    ]
    header = [texts(f"cli.column_{name}") for name in ("user", "roles", "opens")]
    return Answer([_data(account) for account in accounts], table(rows, header))


def _data(account: Account) -> dict[str, object]:
    return {**msgspec.structs.asdict(account), "id": account.id.hex(), "groups": [one.hex() for one in account.groups]}


def _add(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        user = Users(archive).add(arguments.name, _new_password(arguments), arguments.role, _groups(archive, arguments))
    return Answer({"id": user.hex(), "name": arguments.name}, texts("cli.user_added", name=arguments.name))


def _groups(archive: Archive, arguments: argparse.Namespace) -> list[bytes]:
    people = People(archive)
    return [people.group_named(name).id for name in arguments.group or ()]


def _reset(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        Users(archive).reset(arguments.name, _new_password(arguments))
    return Answer({"name": arguments.name}, texts("cli.user_reset", name=arguments.name))


def _remove(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        Users(archive).remove(arguments.name)
    return Answer({"name": arguments.name}, texts("cli.user_removed", name=arguments.name))


def _role(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        Users(archive).set_roles(arguments.name, arguments.role, _groups(archive, arguments))
    return Answer({"name": arguments.name, "roles": arguments.role}, texts("cli.user_changed", name=arguments.name))


def _password(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        bound = archive.accounts.is_bound(user_name(arguments)) if arguments.bind is None else arguments.bind
        secret = device_secret.create(archive.id) if bound else b""
        Users(archive).change_password(_new_password(arguments), device_secret=secret)
    return Answer({"bound": bool(secret)}, texts("cli.password_bound" if secret else "cli.password_changed"))


def _trust(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        users = Users(archive)
        doubted = users.doubts_recovery()
        users.trust_recovery()
    return Answer({"trusted": doubted}, texts("cli.recovery_trusted" if doubted else "cli.recovery_trusted_already"))


def _recover(arguments: argparse.Namespace, texts: Texts) -> Answer:
    """Give a user who forgot it a new password: that of the password option."""
    path, name, new = archive_path(arguments), user_name(arguments), password(arguments)
    check_password(new)
    if not path.exists():
        raise Problem("archive.not_there", file=path.name)
    recover(path, recovery_code.read(read_text(arguments.code_file)), name, new)
    return Answer({"name": name}, texts("cli.recovered", name=name))


def _recovery(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        write_recovery(archive, arguments.out, texts, agreed(archive))
    return Answer({"file": str(arguments.out)}, texts("cli.recovery_written", file=arguments.out))


def write_recovery(archive: Archive, file: Path, texts: Texts, escrow: EscrowKey | None = None) -> None:
    """Make a new recovery code and write its page. The one before ends only when the page is on disk.

    Args:
        archive: that it opens.
        file: the page.
        texts: the language.
        escrow: the county's key that the code is kept for; None for nobody's.
    """
    # The PDF library takes a while to load; nothing else here needs it.
    from app.reports.recovery_page import recovery_pdf  # noqa: PLC0415

    require(archive, "accounts")
    code = recovery_code.new_code()
    made = dt.datetime.now().astimezone()
    names = archive.device.names
    page = recovery_pdf(
        recovery_code.written(code),
        station=names.station,
        archive=archive.path.name,
        made=made,
        texts=texts,
        escrow=escrow,
    )
    write_file(file, page)
    agree(archive, escrow)
    Users(archive).set_recovery(code)


def _rekey(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        require(archive, "accounts")
        path = archive.path
    rekey(path, open_slots(slots_path(path), user_name(arguments), password(arguments), device_secret.read))
    return Answer({"rekeyed": True}, texts("cli.rekeyed"))
