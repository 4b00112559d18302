"""A definition that comes together out of the parts of a foreign form, in its order.

What the formats have in common is here: ids, languages, sections out of groups, sets of options, conditions that may only
look back, computed values that turn out to be scores, licence and provenance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from app.errors import Problem
from app.exchange.about import Given, Heading, Source
from app.exchange.files import definition_bytes
from app.exchange.names import Names, slug
from app.exchange.ours import write
from app.exchange.report import Imported, Refusal, Report, Severity
from app.exchange.sections import sections_of, used_sets
from app.exchange.sums import Sum, as_sum, counted_in, score_of
from app.exchange.tree import Node, is_small, names_in, replaced
from app.exchange.wordings import Wordings
from app.instruments.conditions import FACTS, condition, expression, type_of
from app.instruments.definition import Definition, parse_definition
from app.instruments.expressions import LONGEST
from app.instruments.items import Choice, Computed, Item, Multiple
from app.instruments.operations import Type
from app.instruments.parts import Copyright, Number, Option, Text, Translation
from app.instruments.scales import Score
from app.texts import LANGUAGES, Texts

_VERSION = "1.0.0"
_SHORT = 24


class _Value(NamedTuple):
    """A computed item, before it is known whether it is a score.

    Attributes:
        item: as it would be.
        tree: its expression.
        total: the same as a sum.
        source: where its rule is from, if the file says so.
        range: the limits of a score that is no sum; None where the file does not call it a score.
    """

    item: Computed
    tree: Node
    total: Sum | None
    source: str
    range: tuple[Number, Number] | None


class Draft:
    """Takes up the parts of a form.

    Args:
        wordings: fills the languages.
        report: is told what is left out.
        texts: the language in which provenance is written down.
        given: see there.
    """

    def __init__(self, wordings: Wordings, report: Report, texts: Texts, given: Given) -> None:
        self.wordings = wordings
        self.report = report
        self.given = given
        self._texts = texts
        self._own = {language: Texts.load(language) for language in LANGUAGES}
        self.names = Names("item")
        self._items: list[tuple[tuple[Heading, ...], Item]] = []
        self._values: dict[str, _Value] = {}
        self._options: dict[str, tuple[Option, ...]] = {}
        self._option_names = Names("options")
        self._known_options: dict[bytes, str] = {}
        self._types: dict[str, Type] = dict(FACTS)
        self._used: set[str] = set()
        self._refused: set[str] = set()
        self._pending: list[Text] = []

    def own(self, key: str) -> Text:
        """A text of ours in every language of the definition."""
        said = {language: texts(key) for language, texts in self._own.items()}
        return {language: said.get(language, said["en"]) for language in self.wordings.languages}

    def options(self, options: Sequence[Option], name: str = "") -> str:
        """The name of a set of options; equal ones are the same set. Raises Refusal where there is nothing to choose."""
        found = tuple(options)
        if len(found) < 2:
            raise Refusal("exchange.one_option")
        content = msgspec.json.encode(found)
        if content not in self._known_options:
            self._known_options[content] = self._option_names.new(name)
            self._options[self._known_options[content]] = found
        return self._known_options[content]

    def option_set(self, item: Item) -> tuple[Option, ...]:
        """What a choice is made from."""
        return self._options[item.options] if isinstance(item, Choice | Multiple) else ()

    def condition(self, tree: Node, types: Mapping[str, Type] | None = None) -> str:
        """A tree as a condition on what came before. Raises Refusal."""
        text = self._written(tree, types)
        try:
            condition("", text, types or self._types)
        except Problem as problem:
            raise Refusal("exchange.not_computable", expression=text) from problem
        self._used.update(names_in(tree))
        return text

    def _written(self, tree: Node, types: Mapping[str, Type] | None) -> str:
        _refuse_large(tree)
        for name in names_in(tree):
            if name not in (types or self._types):
                raise Refusal("exchange.names_later", name=name)
        return write(tree)

    def add(self, item: Item, chain: tuple[Heading, ...] = ()) -> None:
        """Take up an item that stands below these headings."""
        self._items.append((chain, item))
        self._types[item.id] = type_of(item)

    def add_value(
        self,
        item: Computed,
        tree: Node,
        chain: tuple[Heading, ...],
        *,
        source: str = "",
        limits: tuple[Number, Number] | None = None,
        is_item: bool = False,
    ) -> None:
        """Take up a computed value. Raises Refusal where it can be neither item nor score.

        Args:
            item: without its expression.
            tree: the expression.
            chain: the groups that it stands in.
            source: where its rule is from.
            limits: lowest and highest value, where the file says that it is a score.
            is_item: whether it says that it is none.
        """
        _refuse_large(tree)
        whole = replaced(tree, {name: value.tree for name, value in self._values.items()})
        total = None if is_item else as_sum(whole, 1 if limits else 2)
        try:
            text = self._written(tree, None)
            self._types[item.id] = expression("", text, self._types).type
            item = msgspec.structs.replace(item, value=text)
        except Problem as problem:
            raise Refusal("exchange.not_computable", expression=text) from problem
        except Refusal:
            # Too long to be written down; a score does not have to be. Nothing can refer to it then.
            if total is None or not {*total.items} <= self._types.keys():
                raise
            if limits:
                self._types[item.id] = "number"
        self._values[item.id] = _Value(item, tree, total, source, limits)
        self._items.append((chain, item))

    # ---- what is read before an item ----

    def announce(self, text: Text | None) -> None:
        """Take up words that nobody answers: they are the help of the next item."""
        self._pending += [text] if text else []

    def announced(self) -> list[Text]:
        """What was taken up since the last item."""
        texts, self._pending = self._pending, []
        return texts

    def refuse(self, place: str, refusal: Refusal, name: str = "") -> None:
        """Write down that a part has no counterpart. What only depends on such parts is told together.

        Args:
            place: where it stands.
            refusal: why.
            name: by which others refer to it, where that is not its place.
        """
        severity: Severity = "lost" if self.given.leave_out else "refused"
        if refusal.values.get("question") in self._refused:
            self.report.add(severity, "exchange.depends", place)
        else:
            self.report.add(severity, refusal.key, place, **refusal.values)
        self._refused.add(name or place)

    # ---- the end ----

    def finished(self, source: Source) -> Imported:
        """The definition, checked like every other.

        Raises:
            Problem: what came together is no sound definition.
        """
        if self._pending:
            self.report.add("lost", "exchange.closing_text", count=len(self._pending))
        title = self.wordings.text(source.title, "title") or self.own("exchange.untitled")
        scores, turned = self._scores()
        taken = [(chain, item) for chain, item in self._items if self._stays(item, scores)]
        kept = [(chain, counted_in(scores, turned, item)) for chain, item in taken]
        for (_, before), (_, after) in zip(taken, kept, strict=True):
            if after.required and (not before.required or before.required_if):
                self.report.add("changed", "exchange.required_for_score", before.id)
        sections, items = sections_of(kept, title)
        if not items:
            self.report.add("refused", "exchange.no_questions")
        about = {name: self._about(source, name) for name in ("population", "recall", "administration", "instruction")}
        structure = source.is_structure or not any(item.text for item in items if not isinstance(item, Computed))
        copyright_ = self._copyright(source, structure=structure)
        self.wordings.tell()
        if scores:
            self.report.add("open", "exchange.no_critical")
        if any(note.severity == "refused" for note in self.report.notes()):
            return Imported(None, self.report.notes())
        definition = Definition(
            format=1,
            id=next(filter(None, map(slug, (self.given.id or "", *source.names))), "imported"),
            version=self._version(source),
            type="instrument" if scores else "form",
            short_title=source.short_title or title[self.wordings.base][:_SHORT].strip(),
            title=title,
            copyright=copyright_,
            population=about["population"] or self.own("exchange.population_unknown"),
            respondent=self._stated("respondent", source.respondent),  # type: ignore[arg-type] # checked below
            mode=self._stated("mode", source.mode),  # type: ignore[arg-type]
            recall=about["recall"],
            administration=about["administration"],
            instruction=about["instruction"],
            sections=sections,
            option_sets={name: self._options[name] for name in used_sets(items)},
            items=items,
            scores=scores,
        )
        return Imported(parse_definition(definition_bytes(definition)), self.report.notes())

    def _about(self, source: Source, name: str) -> Text | None:
        return self.wordings.text(source.texts.get(name, {}), name)

    def _stated(self, name: str, said: str | None) -> str:
        known = {"respondent": ("self", "guardian", "teacher", "informant", "clinician"), "mode": ("self", "interview")}
        if said in known[name]:
            return str(said)
        self.report.add("open", "exchange.assumed_self", name)
        return "self"

    def _version(self, source: Source) -> str:
        parts = (source.version or "").split(".")
        if len(parts) <= 3 and all(part.isdecimal() and str(int(part)) == part for part in parts):
            return ".".join([*parts, "0", "0"][:3])
        if source.version:
            self.report.add("changed", "exchange.version", version=source.version, now=_VERSION)
        return _VERSION

    def _copyright(self, source: Source, *, structure: bool) -> Copyright:
        owner, licence = self.given.owner or source.owner, self.given.licence or source.licence
        if not owner:
            self.report.add("refused", "exchange.no_owner")
        if not licence:
            self.report.add("refused", "exchange.no_licence")
        who = "exchange.evidence_given" if self.given.licence else "exchange.evidence_stated"
        return Copyright(
            owner=owner or "",
            wording="structure" if structure else "full",
            statement=licence or "",
            evidence=self._texts(who, format=source.format, file=self.given.file),
            evidence_date=self.given.today,
            translations={} if structure else dict(self._translations(source, owner or "")),
        )

    def _translations(self, source: Source, owner: str) -> Iterator[tuple[str, Translation]]:
        came = self._texts("exchange.translation_source", format=source.format, file=self.given.file)
        base = self.wordings.base
        for language in self.wordings.languages:
            if self.wordings.untranslated(language):
                said, maker = self._texts("exchange.evidence_none", base=base), self._texts("exchange.nobody")
            else:
                said, maker = self._texts("exchange.evidence_taken"), owner
                if missing := self.wordings.missing(language):
                    said += self._texts("exchange.evidence_partly", count=missing, base=base)
            yield language, Translation(made_by=maker, source=came, evidence=said)

    # ---- scores ----

    def _scores(self) -> tuple[tuple[Score, ...], frozenset[str]]:
        """The computed values that are scores, and the items that those count the other way round.

        A value that something else in the form refers to has to stay an item.
        """
        items = {item.id: item for _, item in self._items}
        possible = {name: self._score(value, items) for name, value in self._values.items()}
        for name, value in self._values.items():
            if possible[name] is None and value.range is None:
                self._used.update(names_in(value.tree))
        found, turned, straight = list[Score](), set[str](), set[str]()
        for name, score in possible.items():
            total = self._values[name].total
            if score and total and name not in self._used:
                both = total.turned & straight or (frozenset(total.items) - total.turned) & turned
                if not both:
                    found.append(score)
                    turned |= total.turned
                    straight |= frozenset(total.items) - total.turned
                    self.report.add("open", "exchange.score_without_bands", name)
                    continue
            if (formula := self._formula(self._values[name])) is not None:
                found.append(formula)
            elif not self._values[name].item.value.strip():
                self.refuse(name, Refusal("exchange.expression_long", longest=LONGEST))
        return tuple(found), frozenset(turned)

    def _formula(self, value: _Value) -> Score | None:
        """A value that the file calls a score and that is no sum."""
        item = value.item
        if value.range is None or value.range[0] >= value.range[1] or not item.value.strip():
            return None
        return Score(
            id=item.id,
            title=item.text or self.own("exchange.untitled"),
            method="formula",
            formula=item.value,
            decimals=item.decimals,
            range=value.range,
            source=value.source or self._texts("exchange.score_source", file=self.given.file),
            codes=item.codes,
        )

    def _score(self, value: _Value, items: Mapping[str, Item]) -> Score | None:
        if value.total is None:
            return None
        score = score_of(
            value.total,
            items,
            self._options,
            name=value.item.id,
            title=value.item.text or self.own("exchange.untitled"),
            source=value.source or self._texts("exchange.score_source", file=self.given.file),
        )
        return msgspec.structs.replace(score, codes=value.item.codes) if score else None

    def _stays(self, item: Item, scores: tuple[Score, ...]) -> bool:
        """Whether an item is one; a score is none, nor is a value that could not be written down."""
        return not isinstance(item, Computed) or (bool(item.value.strip()) and all(item.id != one.id for one in scores))


def _refuse_large(tree: Node) -> None:
    if not is_small(tree):
        raise Refusal("exchange.expression_long", longest=LONGEST)
