"""xinyi county revoke: a device that was lost, stolen, cloned or given away."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager

from app.texts import Texts
from sync.county.office import County
from ui.cli.command import Answer, Declaration

Opened = Callable[[argparse.Namespace], AbstractContextManager[County]]


def declare(commands: Declaration, texts: Texts, opened: Opened) -> argparse.ArgumentParser:
    """Declare the sub-command; `opened` opens the county that the arguments name."""

    def revoke(arguments: argparse.Namespace, texts: Texts) -> Answer:
        with opened(arguments) as county:
            revoked = county.revoke(arguments.device, accept_later=arguments.accept_later)
        data = {
            "device": revoked.device.hex(),
            "name": revoked.name,
            "station": revoked.station,
            "apart": revoked.apart,
            "accepted": revoked.accepted,
        }
        said = "cli.county_accepted" if arguments.accept_later else "cli.county_revoked"
        return Answer(data, texts(said, **data))

    parser = commands.add("revoke", revoke, "cli.help_county_revoke")
    parser.add_argument("--accept-later", action="store_true", help=texts("cli.help_option_accept_later"))
    return parser


def declare_device(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the device, which stands behind the folder."""
    parser.add_argument("device", metavar="DEVICE", help=texts("cli.help_option_device"))
