"""What there is to say about an instrument, chapter by chapter, for its page on screen and in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from app.instruments.condition_words import ConditionWords
from app.instruments.definition import Definition
from app.instruments.items import Choice, Computed, Group, Item, Multiple, Quantity
from app.instruments.parts import Number
from app.instruments.scales import Band, Critical, Norm, Score
from app.instruments.wording import Wording
from app.texts import Texts

Kind = Literal["text", "strong", "note", "help"]


class Line(msgspec.Struct, frozen=True):
    """One paragraph.

    Attributes:
        text: what is said.
        kind: plain, a heading within the chapter, in small letters (a source), or help that has to be found quickly.
    """

    text: str
    kind: Kind = "text"


class Chapter(msgspec.Struct, frozen=True):
    """A heading and what stands below it."""

    id: str
    title: str
    lines: tuple[Line, ...]


class About:
    """Tells about one instrument.

    Args:
        definition: of it.
        texts: the language.
    """

    def __init__(self, definition: Definition, texts: Texts) -> None:
        self._definition = definition
        self._texts = texts
        self._language = texts.language
        self._wording = Wording(definition, texts)
        self._conditions = ConditionWords(definition, texts)

    def chapters(self) -> list[Chapter]:
        """All chapters about which there is something to say."""
        told = {
            "measures": self._measures(),
            "whom": self._whom(),
            "giving": self._giving(),
            "critical": self._critical(),
            "bands": self._bands(),
            "quality": self._quality(),
            "findings": self._findings(),
            "licence": self._licence(),
        }
        found = [Chapter(name, self._texts(f"about.{name}"), _once(list(lines))) for name, lines in told.items()]
        return [chapter for chapter in found if chapter.lines]

    def items(self) -> Chapter:
        """The items with their answers; the longest chapter, for the end."""
        return Chapter("items", self._texts("about.items"), tuple(self._items()))

    def wording(self) -> str:
        """Whether the words of the items are here."""
        return self._texts(f"about.wording_{self._definition.copyright.wording}")

    # ---- chapters ----

    def _measures(self) -> Iterator[Line]:
        definition, texts = self._definition, self._texts
        if not definition.scores:
            yield Line(texts("about.records_only", count=len(definition.items)))
            return
        yield Line(texts("about.scores", count=len(definition.items), scores=len(definition.scores)))
        for score in definition.scores:
            low, high = score.range
            yield Line(
                texts("about.score", title=score.title[self._language], low=low, high=high, count=len(score.items))
                if score.items
                else texts("about.score_computed", title=score.title[self._language], low=low, high=high)
            )

    def _whom(self) -> Iterator[Line]:
        definition, texts = self._definition, self._texts
        yield Line(self._wording.said(definition.population))
        respondent = texts(f"paper.respondent_{definition.respondent}")
        yield Line(texts(f"about.mode_{definition.mode}", respondent=respondent))

    def _giving(self) -> Iterator[Line]:
        definition, texts, said = self._definition, self._texts, self._wording.said
        if definition.administration:
            yield Line(said(definition.administration))
        if definition.recall:
            yield Line(texts("about.recall", recall=said(definition.recall)))
        if definition.instruction:
            yield Line(texts("about.instruction", instruction=said(definition.instruction)))
        if definition.copyright.wording == "structure":
            yield Line(texts("about.structure"))

    def _critical(self) -> Iterator[Line]:
        asked: set[str] = set()
        for rule in self._definition.critical:
            level = self._texts(f"words.level_{rule.level}")
            yield Line(self._texts("about.critical_rule", level=level, title=rule.title[self._language]), "strong")
            yield Line(self._when(rule))
            ask = self._wording.said(rule.ask)
            if ask and ask not in asked:
                asked.add(ask)
                yield Line(self._texts("about.ask", ask=ask), "help")
            yield Line(self._texts("about.source", source=rule.source), "note")

    def _when(self, rule: Critical) -> str:
        items = [item for name in rule.items if (item := self._definition.item(name))]
        numbers = self._texts("paper.condition_list").join(
            self._texts("words.item", number=self._wording.number(item)) for item in items
        )
        edge = "about.at_least" if rule.at_least is not None else "about.at_most"
        value = rule.at_least if rule.at_least is not None else rule.at_most
        return self._texts(edge, items=numbers, value=value)

    def _bands(self) -> Iterator[Line]:
        for score in self._definition.scores:
            yield Line(score.title[self._language], "strong")
            yield from self._read(score, score.bands)
            yield Line(self._texts("about.source", source=score.source), "note")
            for norm in score.norms:
                yield from self._norm(norm)
            yield from self._rules(score)

    def _read(self, reading: Score | Norm, bands: tuple[Band, ...]) -> Iterator[Line]:
        """Bands and cut-off of a score, or of a norm."""
        for band in bands:
            span = _span(band.low, band.high)
            yield Line(self._texts("about.band", span=span, title=band.title[self._language]))
            yield from (Line(said, "note") for said in said_by(band, self._texts))
        if reading.positive_from is not None:
            yield Line(self._texts("about.positive_from", value=reading.positive_from))
        if reading.positive_to is not None:
            yield Line(self._texts("about.positive_to", value=reading.positive_to))

    def _norm(self, norm: Norm) -> Iterator[Line]:
        yield Line(self._texts("about.norm", title=norm.title[self._language]))
        yield from self._read(norm, norm.bands)
        if norm.mean is not None:
            yield Line(self._texts("about.mean", mean=norm.mean, deviation=norm.deviation))
        yield Line(self._texts("about.source", source=norm.source), "note")

    def _rules(self, score: Score) -> Iterator[Line]:
        texts = self._texts
        if not score.bands and score.positive_from is None and score.positive_to is None and not score.norms:
            yield Line(texts("about.no_bands"))
        if score.prorating:
            yield Line(texts("about.prorating", count=score.prorating.missing))
            yield Line(texts("about.source", source=score.prorating.source), "note")
        if score.change:
            yield Line(texts("about.change", points=score.change.points))
            yield Line(texts("about.source", source=score.change.source), "note")

    def _quality(self) -> Iterator[Line]:
        for rule in self._definition.quality:
            yield Line(self._texts(f"about.quality_{rule.verdict}", title=rule.title[self._language]))
            yield Line(self._texts("about.source", source=rule.source), "note")

    def _findings(self) -> Iterator[Line]:
        for finding in self._definition.findings:
            yield Line(finding.text[self._language])
            yield Line(self._texts("about.source", source=finding.source), "note")

    def _licence(self) -> Iterator[Line]:
        terms, texts = self._definition.copyright, self._texts
        yield Line(self.wording())
        yield Line(texts("about.owner", owner=terms.owner))
        yield Line(texts(f"about.statement_{terms.wording}", statement=terms.statement))
        yield Line(texts("about.evidence", evidence=terms.evidence, date=terms.evidence_date.isoformat()), "note")
        for language, one in terms.translations.items():
            yield Line(texts("about.translation", language=language, made_by=one.made_by, source=one.source), "note")
            yield Line(one.evidence, "note")

    # ---- items ----

    def _items(self) -> Iterator[Line]:
        sections = {one.id: one.title[self._language] for one in self._definition.sections}
        section: str | None = None
        options = ""
        for item in self._definition.items:
            if item.section and item.section != section:
                section = item.section
                yield Line(sections[section], "strong")
            number = self._wording.number(item)
            yield Line(self._texts("about.item", number=number, text=self._wording.said(item.text)))
            answers = self._answers(item)
            # The same answers again and again would hide the questions.
            if answers and answers != options:
                yield Line(answers, "note")
            options = answers
            if item.visible_if:
                yield Line(self._texts("paper.only_this_if", condition=self._conditions.say(item.visible_if)), "note")

    def _answers(self, item: Item) -> str:
        """What can be answered, in a line."""
        if isinstance(item, Choice | Multiple):
            said = [f"{one.value} {self._wording.said(one.text)}".rstrip() for one in self._definition.options(item)]
            several = self._texts("paper.several") + "　" if isinstance(item, Multiple) else ""
            return several + "　".join(said)
        if isinstance(item, Quantity):
            unit = self._wording.said(item.unit)
            return f"{self._texts('paper.limits', low=item.low, high=item.high)} {unit}".strip()
        if isinstance(item, Group):
            return self._texts("words.separator").join(map(self._wording.item, item.items))
        return self._texts("paper.computed") if isinstance(item, Computed) else ""


def _once(lines: list[Line]) -> tuple[Line, ...]:
    """Without a source that the next one repeats: the last of them speaks for all."""
    kept: list[Line] = []
    following = ""
    for line in reversed(lines):
        if line.kind != "note" or line.text != following:
            kept.append(line)
        following = line.text if line.kind == "note" else following
    return tuple(reversed(kept))


def said_by(band: Band, texts: Texts, *, person: bool = True, family: bool = True) -> list[str]:
    """What a band says to the person, to family or guardian, and to professionals, where it has words for them."""
    said = {
        "action": band.action if person else None,
        "guardian": band.guardian if family else None,
        "professional": band.professional,
    }
    return [texts(f"about.to_{whom}", said=words[texts.language]) for whom, words in said.items() if words]


def _span(low: Number, high: Number) -> str:
    return f"{low}" if low == high else f"{low}–{high}"
