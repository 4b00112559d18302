"""Values of records as the words that people read, the same on screen, in the command line and on paper."""

from __future__ import annotations

import datetime as dt

from app.instruments.about import said_by
from app.instruments.definition import Definition
from app.instruments.library import Library
from app.instruments.scales import Band, Score
from app.people.fields import Sex
from app.people.identity import age as age_on
from app.records import Alert, AlertStatus, AlertStep, Level, Screening
from app.risk.rules import HOUR_MS, AlertRules, critical_reason
from app.texts import Texts

MAJORITY = 18
"""Years of age from which the law has nobody speak for a person (民法典 art. 17)."""

_AGO = (("days", 24 * 60), ("hours", 60), ("minutes", 1))


class Words:
    """Puts values into the words of one language.

    Args:
        texts: the language.
        library: knows the titles of bands and critical items.
        rules: know why an alert was raised.
    """

    def __init__(self, texts: Texts, library: Library, rules: AlertRules) -> None:
        self._texts = texts
        self._language = texts.language
        self._library = library
        self._reasons = {rule.id: rule.title[texts.language] for rule in rules.rules}

    def name(self, name: str) -> str:
        """A person's name, or that it is still on its way here."""
        return name or self._texts("words.name_on_its_way")

    def sex(self, sex: Sex | None) -> str:
        """男, 女, or that it was not said."""
        return self._texts(f"words.sex_{sex or 'unknown'}")

    def level(self, level: Level) -> str:
        """红 橙 黄 蓝."""
        return self._texts(f"words.level_{level}")

    def alert_status(self, status: AlertStatus) -> str:
        """Where an alert stands."""
        return self._texts(f"words.alert_{status}")

    def moment(self, at: int) -> str:
        """Milliseconds since 1970 as local date and time."""
        return moment(at)

    def time_left(self, due: int, now: int) -> str:
        """How long there is until `due`, or how long it has been past; milliseconds since 1970."""
        hours, late = abs(due - now) // HOUR_MS, due < now
        unit, count = ("days", hours // 24) if hours >= 48 else ("hours", hours)
        return self._texts(f"words.{unit}_{'over' if late else 'left'}", count=count)

    def ago(self, at: int, now: int) -> str:
        """How long ago something was, roughly; milliseconds since 1970."""
        minutes = max(0, now - at) // (HOUR_MS // 60)
        if minutes < 1:
            return self._texts("words.just_now")
        unit, size = next((unit, size) for unit, size in _AGO if minutes >= size)
        return self._texts(f"words.{unit}_ago", count=minutes // size)

    def age(self, birth_date: str | None, today: dt.date) -> str:
        """Years of age, nothing where the day of birth is not known to the day."""
        years = age_on(birth_date, today)
        return "" if years is None else self._texts("words.years", count=years)

    def band(self, definition: Definition, score: str, band: str | None, norm: str | None = None) -> str:
        """The title of a stored band; its id where the definition has since been replaced by another."""
        if band is None:
            return ""
        found = find_band(definition, score, band, norm)
        return found.title[self._language] if found else band

    def definition(self, screening: Screening) -> Definition | None:
        """What was answered, in the version of that day; the newest where that one is not here, None without any."""
        return self._library.answered(screening.instrument, screening.content)

    def instrument(self, instrument: str) -> str:
        """The short title of an instrument; its id where it is not known here."""
        return self._library.get(instrument).short_title if instrument in self._library.ids() else instrument

    def screening(self, screening: Screening) -> str:
        """One line: instrument, scores with bands, and what must not be overlooked."""
        definition = self.definition(screening)
        if definition is None:
            return screening.instrument
        parts = [self.score(screening, definition, score) for score in definition.scores]
        if not parts and screening.status == "unfinished":
            parts.append(self._texts("words.unfinished_form"))
        parts += [rule.title[self._language] for rule in definition.critical if rule.id in screening.critical]
        title = definition.title[self._language] if definition.type == "form" else definition.short_title
        return f"{title}  {self._texts('words.separator').join(parts)}".rstrip()

    def score(self, screening: Screening, definition: Definition, score: Score) -> str:
        """One score with its band, or that the form is unfinished."""
        result = screening.scores.get(score.id)
        value = "—" if result is None or result.value is None else f"{result.value:.{score.decimals}f}"
        if screening.status == "unfinished" and not (result and result.prorated):
            return self._texts("words.unfinished", value=value)
        if screening.void:
            return self._texts("words.void", value=value)
        band = self.band(definition, score.id, result.band, result.norm) if result else ""
        return self._texts("words.scored", value=value, band=band) if band else value

    def advice(self, screening: Screening, definition: Definition, score: Score, birth_date: str | None) -> list[str]:
        """What the band of a score says to whom, of somebody born on a day; nothing where the sheet is void.

        Families are spoken to about a child. Where an answer must not be overlooked only professionals are spoken to: what a
        low band tells the person must not be read beside an answer about self-harm.
        """
        band = band_of(screening, definition, score)
        if band is None or screening.void:
            return []
        years = age_on(birth_date, dt.date.fromisoformat(screening.date))
        calm = not screening.critical
        return said_by(band, self._texts, person=calm, family=calm and years is not None and years < MAJORITY)

    def alert(self, alert: Alert) -> str:
        """Why an alert was raised."""
        return f"{self.instrument(alert.instrument)}  {self._texts('words.separator').join(self.reasons(alert))}"

    def reasons(self, alert: Alert) -> list[str]:
        """Why an alert was raised, one by one; ids where only a newer version of the program knows the words."""
        known = {**self._critical(alert.instrument), **self._reasons}
        return [known.get(reason, reason) for reason in alert.reasons]

    def _critical(self, instrument: str) -> dict[str, str]:
        """The critical rules of an instrument that no rule of the station speaks of."""
        if instrument not in self._library.ids():
            return {}
        definition = self._library.get(instrument)
        return {critical_reason(definition, one): one.title[self._language] for one in definition.critical}

    def step(self, step: AlertStep) -> str:
        """What somebody did about an alert."""
        done = self._texts(f"words.step_{step.step}")
        return f"{done}：{step.text}" if step.text else done


def band_of(screening: Screening, definition: Definition, score: Score) -> Band | None:
    """The band that a score of a screening came into, None where it has none."""
    result = screening.scores.get(score.id)
    return find_band(definition, score.id, result.band, result.norm) if result and result.band else None


def find_band(definition: Definition, score: str, band: str, norm: str | None = None) -> Band | None:
    """A band of a score by its id.

    Args:
        definition: of the score.
        score: its id.
        band: id of the band.
        norm: id of the norm that it was given by, if by one: its bands come before the score's own.
    """
    found = definition.score(score)
    if found is None:
        return None
    by_norm = [one.bands for one in found.norms if one.id == norm]
    by_others = [one.bands for one in found.norms if one.id != norm]
    places = (*by_norm, found.bands, *by_others)
    return next((one for bands in places for one in bands if one.id == band), None)


def moment(at: int) -> str:
    """Milliseconds since 1970 as local date and time."""
    return dt.datetime.fromtimestamp(at / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
