"""xinyi campaign start | list, and what `ui.cli.exchange` adds."""

from __future__ import annotations

import argparse
import datetime as dt

from app.instruments.shelf import library_of
from app.people.service import People
from app.records import Campaign, Kept
from app.risk.rules import AlertRules
from app.screening.service import Screenings
from app.texts import Texts
from ui.cli import exchange
from ui.cli.command import Answer, Declaration, opened, table


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    commands.add("list", _list, "cli.help_campaign_list", archive=True)
    exchange.declare_campaign(commands, texts)
    start = commands.add("start", _start, "cli.help_campaign_start", archive=True)
    start.add_argument("name", metavar="NAME", help=texts("cli.help_option_campaign"))
    start.add_argument(
        "--instrument", action="append", required=True, metavar="ID", help=texts("cli.help_option_instrument")
    )
    start.add_argument("--group", action="append", metavar="NAME", help=texts("cli.help_option_campaign_group"))
    for option in ("--from", "--to"):
        start.add_argument(
            option,
            dest=f"day_{option[2:]}",
            type=dt.date.fromisoformat,
            required=True,
            metavar="YYYY-MM-DD",
            help=texts(f"cli.help_option_{option[2:]}"),
        )


def _start(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        people = People(archive)
        groups = [people.group_named(name) for name in arguments.group] if arguments.group else people.groups()
        campaign = Campaign(
            name=arguments.name,
            instruments=tuple(arguments.instrument),
            groups=tuple(group.id for group in groups),
            opens=arguments.day_from.isoformat(),
            closes=arguments.day_to.isoformat(),
        )
        record = Screenings(archive, library_of(archive), AlertRules.load()).start_campaign(campaign)
    return Answer({"id": record.hex(), "groups": len(groups)}, texts("cli.campaign_started", count=len(groups)))


def _list(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        screenings = Screenings(archive, library_of(archive), AlertRules.load())
        campaigns = screenings.campaigns()
        coverage = [_coverage(screenings, campaign) for campaign in campaigns]
    if not campaigns:
        return Answer([], texts("cli.no_campaigns"))
    data = [
        {
            "id": campaign.id.hex(),
            "name": campaign.fields.name,
            "opens": campaign.fields.opens,
            "closes": campaign.fields.closes,
            "coverage": {name: {"screened": screened, "people": people} for name, (screened, people) in done.items()},
        }
        for campaign, done in zip(campaigns, coverage, strict=True)
    ]
    shown = [
        (
            campaign.fields.name,
            campaign.fields.opens,
            campaign.fields.closes,
            "  ".join(f"{name} {screened}/{people}" for name, (screened, people) in done.items()),
        )
        for campaign, done in zip(campaigns, coverage, strict=True)
    ]
    return Answer(data, table(shown, [texts(f"cli.column_{name}") for name in ("campaign", "from", "to", "coverage")]))


def _coverage(screenings: Screenings, campaign: Kept[Campaign]) -> dict[str, tuple[int, int]]:
    """For each instrument of a round, how many have answered and how many there are."""
    progress = screenings.progress(campaign)
    people = sum(progress.people.values())
    return {
        instrument: (sum(progress.screened[group, instrument] for group in campaign.fields.groups), people)
        for instrument in campaign.fields.instruments
    }
