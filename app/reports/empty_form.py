"""A form to fill in by hand: A4, as offices have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from app.instruments.definition import Definition
from app.instruments.wording import Wording
from app.reports.form_blocks import (
    Blank,
    Box,
    Boxes,
    Date,
    Fields,
    FormBlock,
    FormPrint,
    FormTitle,
    Framed,
    Lead,
    Part,
    Small,
)
from app.reports.form_content import FormContent
from app.texts import Texts

MOST_SCORES = 3
"""Places for scores to be written in by hand; where there are more, the program works them out."""


def empty_form(definition: Definition, texts: Texts, station: str, printed: dt.datetime) -> FormPrint:
    """The form, in the language of `texts`. It says nothing about bands and cut-offs: it is read by who fills it in."""
    return FormPrint(
        kind=definition.short_title,
        title=title(definition, texts),
        station=station,
        printed=printed,
        edition=edition(definition),
        blocks=tuple(_blocks(definition, texts)),
        again=texts("paper.again"),
    )


def title(definition: Definition, texts: Texts) -> str:
    """The full name, with the short one where it is another."""
    name, short = definition.title[texts.language], definition.short_title
    return name if short in name else texts("paper.title_and_short", title=name, short=short)


def edition(definition: Definition) -> str:
    """Which definition a page goes with."""
    return f"{definition.short_title} {definition.version}"


def about(definition: Definition, texts: Texts) -> str:
    """Who fills the form in, and about which time."""
    said = [texts("paper.respondent", respondent=texts(f"paper.respondent_{definition.respondent}"))]
    if definition.recall:
        said.append(texts("paper.recall", recall=definition.recall[texts.language]))
    return "　".join(said)


def licence(definition: Definition, texts: Texts) -> str:
    """Whose the form is."""
    terms = definition.copyright
    if terms.wording == "structure":
        return texts("paper.licence_structure", owner=terms.owner)
    return texts("paper.licence", owner=terms.owner, statement=terms.statement)


def _blocks(definition: Definition, texts: Texts) -> Iterator[FormBlock]:
    said = Wording(definition, texts).said
    yield FormTitle(title(definition, texts), about(definition, texts))
    yield Fields(tuple(_person(definition, texts)))
    yield Small(texts("paper.for_whom", population=said(definition.population)))
    if definition.copyright.wording == "structure":
        yield Framed(texts("paper.structure"))
    if definition.instruction:
        yield Framed(said(definition.instruction))
    yield from FormContent(definition, texts).blocks()
    yield from _for_staff(definition, texts)
    yield Small(licence(definition, texts))


def _person(definition: Definition, texts: Texts) -> Iterator[tuple[Part, ...]]:
    """Lines for whom it is about, and for who fills it in where that is somebody else."""

    def blank(key: str, width: str = "middle") -> Blank:
        return Blank(before=texts(f"paper.{key}"), width="short" if width == "short" else "middle")

    sex = Boxes((Box("", texts("words.sex_male")), Box("", texts("words.sex_female"))))
    own = definition.respondent == "self"
    yield blank("name" if own else "person"), sex, blank("years", "short"), blank("number_of_person")
    if own and definition.mode == "self":
        yield blank("class"), Date(texts("paper.date"))
    elif own or definition.respondent == "clinician":
        yield blank("class"), blank("interviewer"), Date(texts("paper.date"))
    else:
        yield blank("class"), Date(texts("paper.date"))
        yield (
            Blank(before=texts("paper.respondent", respondent=texts(f"paper.respondent_{definition.respondent}"))),
            blank("relation"),
        )


def _for_staff(definition: Definition, texts: Texts) -> Iterator[FormBlock]:
    """Where staff write what the answers come to, and who typed them in."""
    line: list[Part] = []
    if 0 < len(definition.scores) <= MOST_SCORES:
        line += [
            Blank(before=texts("paper.sheet_for_staff", score=score.title[texts.language]), width="short")
            for score in definition.scores
        ]
    staff = (
        Blank(before=texts("paper.entered_by")),
        Blank(before=texts("paper.checked_by")),
        Date(texts("paper.date")),
    )
    yield Lead(texts("paper.for_staff"))
    yield Fields((tuple(line), staff) if line else (staff,))
