"""The summary of a class: what a screening found, for the class teacher and the school, without giving anybody away.

It says what was found in plain words and what to do next; it never names a diagnosis (精神卫生法 art. 23) or a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.disclosure import ReleasedTable
from app.instruments.definition import Definition
from app.instruments.scales import Band
from app.reports.blocks import Block, Counts, Heading, Paragraph, Points, StatisticalPrint, Terms, Title
from app.reports.helplines import Helpline
from app.statistics.class_counts import banded_score, bands_of_row, mildest_first
from app.statistics.periods import Period
from app.texts import Texts

NAME = "class-summary"
DATA_FORMAT = 1
"""Raised when a field of the data changes its meaning."""

ADVICE = (
    "report.advice_station",
    "report.advice_notice",
    "report.advice_absent",
    "report.advice_discreet",
)
COUNTING = ("report.counted_once", "report.counted_unfinished", "report.counted_absent", "report.counted_hidden")


class Occasion(msgspec.Struct, frozen=True):
    """What a summary is about: whose, of whom, over which days, printed when (with time zone)."""

    station: str
    group: str
    period: Period
    printed: dt.datetime


class Finding(msgspec.Struct, frozen=True):
    """What one instrument found, as far as it may be said."""

    definition: Definition
    table: ReleasedTable


class ClassSummary(msgspec.Struct, frozen=True):
    """The summary as a print, and as data with exactly the same numbers."""

    content: StatisticalPrint
    data: dict[str, Any]


def class_summary(
    occasion: Occasion, findings: Sequence[Finding], helplines: Sequence[Helpline], texts: Texts
) -> ClassSummary:
    """Write the summary in the language of `texts`, from at least one finding."""
    title = texts("report.class_title", group=occasion.group)
    facts = Paragraph(_facts(occasion, findings, texts), note=True)
    blocks: list[Block] = [Title(title), facts, Paragraph(texts("report.not_diagnosis"))]
    for finding in findings:
        blocks += _found(finding, texts)
    blocks += [Heading(texts("report.advice")), Points(tuple(map(texts, ADVICE)))]
    blocks += [Heading(texts("report.helplines")), _calls(helplines, texts)]
    for finding in findings:
        blocks += _meaning(finding.definition, texts)
    blocks += [Heading(texts("report.counting")), Points(tuple(_counting(findings, texts)), note=True)]
    content = StatisticalPrint(
        kind=texts("report.class_summary"),
        title=title,
        station=occasion.station,
        printed=occasion.printed,
        blocks=tuple(blocks),
    )
    return ClassSummary(content, _data(occasion, findings, title, texts))


def _facts(occasion: Occasion, findings: Sequence[Finding], texts: Texts) -> str:
    """The period, and how many are in the class where a table says so."""
    sizes = {finding.table.content.grand_total for finding in findings} - {None}
    parts = [occasion.period.title, *(texts("report.class_size", count=size) for size in sizes)]
    return texts("report.parted").join(parts)


def _found(finding: Finding, texts: Texts) -> Iterator[Block]:
    definition, table = finding.definition, finding.table
    yield Heading(texts("report.instrument", name=definition.short_title, about=_about(definition, texts)))
    if table.content.grand_total is not None:
        ranges = {row.id: _range(bands_of_row(definition, row.id), texts) for row in table.content.rows}
        yield Counts(table, ranges)
    reasons = tuple(step.sentence(texts, str) for step in table.steps)
    if reasons:
        yield Points(reasons, note=True)


def _meaning(definition: Definition, texts: Texts) -> Iterator[Block]:
    """What the bands mean, in the words that the instrument has for the person who filled it in."""
    score = banded_score(definition)
    if score:
        yield Heading(texts("report.meaning", name=definition.short_title, about=_about(definition, texts)))
        yield Terms(
            (texts("report.result"), texts("report.meaning_text")),
            tuple(
                (
                    texts("report.band", title=band.title[texts.language], range=_range([band], texts)),
                    band.action[texts.language],
                )
                for band in mildest_first(score)
            ),
            note=True,
        )


def _calls(helplines: Sequence[Helpline], texts: Texts) -> Terms:
    language = texts.language
    return Terms(
        (texts("report.number"), texts("report.when")),
        tuple(
            (line.number, texts("report.helpline", title=line.title[language], when=line.when[language]))
            for line in helplines
        ),
    )


def _counting(findings: Sequence[Finding], texts: Texts) -> Iterator[str]:
    yield from map(texts, COUNTING)
    for finding in findings:
        definition = finding.definition
        yield texts("report.population", name=definition.short_title, population=definition.population[texts.language])
    for policy in {finding.table.policy: None for finding in findings}:
        yield texts("report.policy", id=policy.id, version=policy.version)


def _about(definition: Definition, texts: Texts) -> str:
    score = banded_score(definition)
    return (score or definition).title[texts.language]


def _range(bands: Sequence[Band], texts: Texts) -> str:
    return (
        texts("report.range", low=min(band.low for band in bands), high=max(band.high for band in bands))
        if bands
        else ""
    )


def _data(occasion: Occasion, findings: Sequence[Finding], title: str, texts: Texts) -> dict[str, Any]:
    return {
        "report": NAME,
        "format": DATA_FORMAT,
        "language": texts.language,
        "title": title,
        "station": occasion.station,
        "group": occasion.group,
        "period": {
            "start": occasion.period.start.isoformat(),
            "end": occasion.period.end.isoformat(),
            "title": occasion.period.title,
        },
        "printed": occasion.printed.isoformat(timespec="seconds"),
        "instruments": [
            {
                "id": finding.definition.id,
                "title": finding.definition.title[texts.language],
                "table": finding.table.to_data(),
            }
            for finding in findings
        ],
    }
