"""A form that somebody filled in, for the file of that person: an identified document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from app.instruments.answers import Reader
from app.instruments.definition import Definition
from app.instruments.flow import Facts, Flow
from app.instruments.operations import Value
from app.instruments.quick import is_critical
from app.instruments.scales import Norm, Score
from app.people.identity import age
from app.records import Person, Screening
from app.reports.blocks import Heading, Paragraph, Points, Terms
from app.reports.empty_form import about, edition, licence, title
from app.reports.form_blocks import (
    Blank,
    Date,
    Fields,
    FilledPrint,
    FormBlock,
    FormTitle,
    Framed,
    Small,
)
from app.reports.form_content import FormContent
from app.texts import Texts
from app.words import Words


class Answered(msgspec.Struct, frozen=True):
    """What is printed.

    Attributes:
        screening: the answers, and what they came to.
        person: whose they are.
        group: name of the person's group.
        definition: what was answered, as it is here now.
        is_same: whether that is word for word what was answered.
    """

    screening: Screening
    person: Person
    group: str
    definition: Definition
    is_same: bool


def filled_form(answered: Answered, words: Words, texts: Texts, station: str, printed: dt.datetime) -> FilledPrint:
    """The document, in the language of `texts` and `words`. It is for the file: it says what was critical."""
    definition = answered.definition
    return FilledPrint(
        kind=definition.short_title,
        # The title of a file shows in lists of files and in windows: it names nobody.
        title=title(definition, texts),
        station=station,
        printed=printed,
        edition=edition(definition),
        blocks=tuple(_blocks(answered, words, texts)),
        again=f"{texts('paper.name')}{answered.person.name}",
    )


def _blocks(answered: Answered, words: Words, texts: Texts) -> Iterator[FormBlock]:
    definition, screening = answered.definition, answered.screening
    yield FormTitle(title(definition, texts), about(definition, texts))
    yield _person(answered, words, texts)
    if not answered.is_same:
        yield Framed(texts("paper.other_version", answered=screening.version, present=definition.version))
    yield from _results(answered, words, texts)
    if definition.instruction:
        yield Framed(definition.instruction[texts.language])
    content = FormContent(
        definition, texts, screening.answers, computed=_computed(answered), urgent=_urgent(definition, screening)
    )
    yield from content.blocks()
    unknown = {name: value for name, value in screening.answers.items() if definition.item(name) is None}
    if unknown:
        yield Heading(texts("paper.other_answers"))
        yield Points(tuple(f"{name}: {value}" for name, value in unknown.items()))
    yield Fields(
        ((Blank(before=texts("paper.checked_by")), Blank(before=texts("paper.signed")), Date(texts("paper.date"))),)
    )
    yield Small(licence(definition, texts))


def _person(answered: Answered, words: Words, texts: Texts) -> Fields:
    person, date = answered.person, answered.screening.date

    def said(key: str, value: str, *, short: bool = False) -> Blank:
        return Blank(before=texts(f"paper.{key}"), value=value, width="short" if short else "middle")

    years = words.age(person.birth_date, dt.date.fromisoformat(date))
    own = answered.definition.respondent == "self"
    return Fields(
        (
            (
                said("name" if own else "person", person.name),
                said("sex", words.sex(person.sex), short=True),
                said("years", years, short=True),
                said("number_of_person", person.student_number or ""),
            ),
            (
                said("class", answered.group),
                said("how_filled", _manner(answered.screening.mode, texts)),
                Date(texts("paper.date"), date),
            ),
        )
    )


def _manner(mode: str, texts: Texts) -> str:
    """How the answers came in; a way that only a newer version knows stands as it is."""
    key = f"paper.mode_{mode}"
    return texts(key) if key in texts else mode


# ---- results ----


def _results(answered: Answered, words: Words, texts: Texts) -> Iterator[FormBlock]:
    definition, screening = answered.definition, answered.screening
    rows = [(score.title[texts.language], _result(answered, score, words, texts)) for score in definition.scores]
    critical = [rule.title[texts.language] for rule in definition.critical if rule.id in screening.critical]
    if critical:
        said = texts("words.separator").join(critical)
        yield Framed(texts("paper.urgent", said=said))
    if rows:
        yield Terms((texts("paper.score"), texts("paper.result")), tuple(rows))
    doubts = [doubt.title[texts.language] for doubt in definition.quality if doubt.id in screening.quality]
    if doubts:
        yield Paragraph(texts("paper.doubts", said=texts("words.separator").join(doubts)))
    if rows:
        yield Small(texts("paper.not_diagnosis"))


def _result(answered: Answered, score: Score, words: Words, texts: Texts) -> str:
    """A score in words, with the range that it can have, and the T score where a norm has one."""
    screening = answered.screening
    said = [words.score(screening, answered.definition, score)]
    low, high = score.range
    said.append(texts("paper.range", low=low, high=high))
    result = screening.scores.get(score.id)
    norm = _norm(score, result.norm if result else None)
    if result and norm and result.standard is not None:
        said.append(texts("paper.standard", value=result.standard, norm=norm.title[texts.language]))
    elif norm:
        said.append(texts("paper.by_norm", norm=norm.title[texts.language]))
    return "　".join(said)


def _norm(score: Score, name: str | None) -> Norm | None:
    return next((norm for norm in score.norms if norm.id == name), None)


def _urgent(definition: Definition, screening: Screening) -> set[str]:
    """Items whose answers must not be overlooked."""
    touched = [rule for rule in definition.critical if rule.id in screening.critical]
    answers = screening.answers
    return {name for rule in touched for name in rule.items if is_critical(rule, {name: answers.get(name)})}


def _computed(answered: Answered) -> dict[str, Value]:
    """What the program worked out when the form was filled in."""
    definition, screening = answered.definition, answered.screening
    if Reader(definition).fault(screening.answers):
        return {}
    day = dt.date.fromisoformat(screening.date)
    facts = Facts(age(answered.person.birth_date, day), answered.person.sex, day, screening.seconds)
    return dict(Flow(definition).walk(screening.answers, facts).environment)
