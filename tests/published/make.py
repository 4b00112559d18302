"""Makes the vectors of instruments out of the independent keys: ``python -m tests.published.make phq-9 …``.

Of a definition only its list of items, scores and rules is used; what a form comes to is the key's word. Run from the
root of the project; it overwrites ``resources/instruments/<id>.vectors.json``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from tests.published.key import Key, Number

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "instruments"

_FEW = 5

Answers = dict[str, Any]
Facts = dict[str, Any]
Case = dict[str, Any]


def keys() -> dict[str, Key]:
    """The keys of all instruments that have one."""
    found: dict[str, Key] = {}
    for name in ("structure", "full"):
        if importlib.util.find_spec(f"tests.published.{name}"):
            found |= importlib.import_module(f"tests.published.{name}").KEYS
    return found


class Maker:
    """Makes the cases of one instrument.

    Args:
        definition: its file, as read.
        key: how it is scored.
    """

    def __init__(self, definition: dict[str, Any], key: Key) -> None:
        self._definition = definition
        self._key = key
        self._items = {item["id"]: item for item in definition["items"]}
        self._cases: list[Case] = []
        self._seen: set[str] = set()
        self._covered: set[tuple[Any, ...]] = set()
        self._scored = {name for score in definition["scores"] for name in score.get("items", ())}
        self._lowest: Answers = {name: values[0] for name, values in key.values.items() if name not in key.optional}
        self._highest: Answers = {name: values[-1] for name, values in key.values.items() if name not in key.optional}

    def cases(self) -> list[Case]:
        """All of them, in an order that reads well."""
        for facts in self._key.facts:
            self._add("every answer the lowest number", self._lowest, facts)
            self._add("every answer the highest number", self._highest, facts)
        for score in self._definition["scores"]:
            for facts in self._key.facts:
                self._add_edges(score["id"], facts)
        self._add_reversed()
        self._add_subscales()
        self._add_critical()
        self._add_optional()
        self._add_missing()
        return self._cases

    # ---- what is tried ----

    def _add_edges(self, score: str, facts: Facts) -> None:
        """Both ends of every band and both sides of every cut-off, as far as any answers reach them.

        Of a score without bands and with few values every value, where it is reached first and last.
        """
        ends: dict[tuple[Any, ...], dict[Number, tuple[Answers, Answers]]] = {}
        for answers in self._walks(score, facts):
            value, band, positive = self._key.score(answers, facts)[score]
            if value is not None:
                norm = self._key.norm(answers, facts).get(score)
                group = ends.setdefault((norm, band, positive, tuple(self._key.doubts(answers))), {})
                first, _ = group.get(value, (answers, answers))
                group[value] = (first, answers)
        for (norm, band, positive, doubts), group in ends.items():
            of = ", ".join([score, *filter(None, [norm]), *map(str, facts.values()), *doubts])
            if band is None and positive is None and len(group) < _FEW:
                for value, (first, last) in group.items():
                    if doubts and (score, value, norm, band, positive) in self._covered:
                        continue
                    self._add(f"{of}: {value} at first", first, facts)
                    self._add(f"{of}: {value} at last", last, facts)
                continue
            for end, value in (("from", min(group)), ("to", max(group))):
                if (score, value, norm, band, positive) not in self._covered:
                    self._add(f"{of}: {band or positive or 'value'} {end} {value}", group[value][0], facts)

    def _walks(self, score: str, facts: Facts) -> Iterator[Answers]:
        """Complete forms from the lowest value to the highest, one answer changed by one step at a time."""
        own = self._items_of(score) or list(self._lowest)
        rising = {name: self._rising(score, name, facts) for name in own}
        bottom = {name: values[0] for name, values in rising.items()}
        # The answers that only a norm or another score asks for: as they stand first, last, and each by itself.
        free = [name for name in self._lowest if name not in own and name not in self._scored]
        alone = [self._lowest | {name: value} for name in free for value in self._key.values[name][:_FEW]]
        for start in (self._lowest, self._highest, *alone):
            answers = start | bottom
            yield self._asked(answers)
            for name, values in rising.items():
                for value in values:
                    answers[name] = value
                    yield self._asked(answers)

    def _rising(self, score: str, name: str, facts: Facts) -> tuple[int, ...]:
        """The answers to an item, from the one that counts least."""
        values = self._key.values[name]
        low, high = (
            self._key.score(self._asked(self._lowest | {name: value}), facts)[score][0]
            for value in (values[0], values[-1])
        )
        return values[::-1] if low is not None and high is not None and high < low else values

    def _add_reversed(self) -> None:
        for name, item in self._items.items():
            if item.get("reverse"):
                self._add(f"item {name} alone at its highest number", self._lowest | {name: self._highest[name]})

    def _add_subscales(self) -> None:
        for score in self._definition["scores"]:
            own = self._items_of(score["id"])
            if 0 < len(own) < len(self._lowest):
                answers = dict(self._lowest)
                for name in own:
                    answers[name] = self._rising(score["id"], name, self._key.facts[0])[-1]
                self._add(f"{score['id']} alone at its highest", answers)

    def _add_critical(self) -> None:
        for rule in self._definition.get("critical", ()):
            for name in rule["items"]:
                for value in self._key.values[name]:
                    whole = self._lowest | {name: value}
                    if name not in self._asked(whole):
                        whole = self._highest | {name: value}
                    self._add(f"{rule['id']}: item {name} is {value}", whole)
                    if name in self._asked({name: value}):
                        self._add(f"{rule['id']}: item {name} is {value}, nothing else answered", {name: value})
                    else:
                        whole.pop(next(iter(whole)))
                        self._add(f"{rule['id']}: item {name} is {value}, the first not answered", whole)

    def _add_optional(self) -> None:
        for name in self._items:
            if name in self._key.optional and name in self._key.values:
                for value in self._key.values[name]:
                    for base in (self._lowest, self._highest):
                        if name in self._asked(base | {name: value}):
                            self._add(f"item {name}, which may be blank, is {value}", base | {name: value})
                            break

    def _add_missing(self) -> None:
        asked = list(self._asked(self._highest))
        self._add(f"item {asked[0]} is missing", {name: self._highest[name] for name in asked[1:]})
        self._add(f"item {asked[-1]} is missing", {name: self._highest[name] for name in asked[:-1]})
        for score in self._definition["scores"]:
            for missing in range(1, score.get("prorating", {}).get("missing", -1) + 2):
                left = {name: self._highest[name] for name in asked if name not in score["items"][:missing]}
                self._add(f"{score['id']}: {missing} missing", left)
        self._add("nothing is answered", {})

    # ---- what is expected ----

    def _add(self, name: str, answers: Answers, facts: Facts | None = None) -> None:
        facts = self._key.facts[0] if facts is None else facts
        answers = self._asked(answers)
        missing = self._missing(answers)
        expect = self._unfinished(answers, missing) if missing else self._complete(answers, facts)
        expect["critical"] = self._key.critical(answers)
        expect["missing"] = missing
        case = {"name": name, "answers": {one: answers[one] for one in self._items if one in answers}}
        if facts:
            case["facts"] = facts
        fingerprint = json.dumps([case["answers"], facts])
        if fingerprint in self._seen:
            return
        if any(other["name"] == name for other in self._cases):
            case["name"] = f"{name} ({len(self._cases) + 1})"
        self._seen.add(fingerprint)
        self._cases.append({**case, "expect": expect})

    def _complete(self, answers: Answers, facts: Facts) -> dict[str, Any]:
        scored = self._key.score(answers, facts)
        norms = self._key.norm(answers, facts)
        doubts = self._key.doubts(answers)
        scores = {}
        for score in self._definition["scores"]:
            name = score["id"]
            value, band, positive = scored[name]
            self._covered.add((name, value, norms.get(name), band, positive))
            scores[name] = self._outcome(score, answers, value, band=band, positive=positive)
            if name in norms:
                scores[name]["norm"] = norms[name]
        return {"status": "complete", "scores": scores, **self._doubted(doubts)}

    def _doubted(self, doubts: list[str]) -> dict[str, Any]:
        void = {"void": True} if self._key.void & {*doubts} else {}
        return {"quality": doubts, **void} if doubts else {}

    def _unfinished(self, answers: Answers, missing: list[str]) -> dict[str, Any]:
        prorated = self._key.unfinished(answers) if self._key.unfinished else {}
        scores = {}
        for score in self._definition["scores"]:
            name = score["id"]
            if name in prorated:
                value, band, positive = prorated[name]
                outcome = self._outcome(score, answers, value, band=band, positive=positive)
                scores[name] = {**outcome, "prorated": True}
            else:
                value = self._so_far(score, answers, missing)
                scores[name] = self._outcome(score, answers, value, band=None, positive=None)
        rules = {rule["id"]: rule["when"] for rule in self._definition.get("quality", ())}
        whole = [name for name, when in rules.items() if not self._lacks(self._named(when), missing)]
        doubts = (
            [name for name in self._key.doubts(self._asked(self._lowest | answers)) if name in whole] if whole else []
        )
        return {"status": "unfinished", "scores": scores, **self._doubted(doubts)}

    @staticmethod
    def _outcome(
        score: dict[str, Any], answers: Answers, value: Number | None, *, band: str | None, positive: bool | None
    ) -> dict[str, Any]:
        items = score.get("items", [])
        answered = sum(name in answers for name in items)
        return {"value": value, "answered": answered, "of": len(items), "band": band, "positive": positive}

    def _so_far(self, score: dict[str, Any], answers: Answers, missing: list[str]) -> Number | None:
        """What an unfinished form shows: the sum of what is there; of anything else only what nothing is missing for."""
        items = score.get("items", [])
        if score["method"] == "sum" and "table" not in score:
            counted = [self._points(name, answers[name], score) for name in items if name in answers]
            return _rounded(sum(counted, Decimal(0)), score) if counted else None
        if self._lacks({*items} | self._named(score.get("formula", "")), missing):
            return None
        filled = self._asked(self._lowest | answers)
        return self._key.score(filled, self._key.facts[0])[score["id"]][0]

    def _lacks(self, needed: set[str], missing: list[str]) -> bool:
        """Whether something is missing that is needed; scores of an unfinished form are no values to go on with."""
        return bool(needed & {*missing, *(score["id"] for score in self._definition["scores"])})

    def _named(self, formula: str) -> set[str]:
        """Items and scores that a formula depends on, through computed items too."""
        named: set[str] = set()
        for name in re.findall(r"\$\{([^}]+)\}", formula):
            value = self._items.get(name, {}).get("value")
            named |= self._named(value) if value else {name}
        return named

    def _points(self, name: str, answer: Number, score: dict[str, Any]) -> Decimal:
        values = self._key.values[name]
        points = values[0] + values[-1] - answer if self._items[name].get("reverse") else answer
        return Decimal(str(points)) * Decimal(str(score.get("weights", {}).get(name, 1)))

    # ---- the way through the form ----

    def _asked(self, answers: Answers) -> Answers:
        if self._key.asked is None:
            return dict(answers)
        asked = self._key.asked(answers)
        return {name: answers[name] for name in asked if name in answers}

    def _missing(self, answers: Answers) -> list[str]:
        asked = self._key.asked(answers) if self._key.asked else list(self._key.values)
        wanted = {*asked} - self._key.optional - {*answers}
        return [name for name in self._items if name in wanted]

    def _items_of(self, score: str) -> list[str]:
        (found,) = (one for one in self._definition["scores"] if one["id"] == score)
        return list(found.get("items", []))


def _rounded(number: Decimal, score: dict[str, Any]) -> Number:
    decimals = score.get("decimals", 0)
    rounding = ROUND_FLOOR if score.get("rounding") == "down" else ROUND_HALF_UP
    value = (number * Decimal(str(score.get("times", 1)))).quantize(Decimal(1).scaleb(-decimals), rounding)
    return float(value) if decimals else int(value)


def written(definition: dict[str, Any], cases: list[Case]) -> str:
    """The file: one case on a line."""
    lines = ",\n".join(f"    {json.dumps(case, ensure_ascii=False)}" for case in cases)
    head = f'  "instrument": "{definition["id"]}",\n  "version": "{definition["version"]}",\n'
    return f'{{\n{head}  "cases": [\n{lines}\n  ]\n}}\n'


def main(names: list[str]) -> None:
    """Write the vectors of the instruments named, or of all that have a key."""
    found = keys()
    for name in names or sorted(found):
        definition = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        cases = Maker(definition, found[name]).cases()
        (FOLDER / f"{name}.vectors.json").write_text(written(definition, cases), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
