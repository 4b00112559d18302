"""Independent keys of the instruments whose wording is here, straight from their publications.

Nothing of the program is used. Each function takes the answers to a complete form, ``{item id: answer}``, and returns
for every score its value, the id of its band, and whether it is positive.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.published.key import Key, Number, Scored

Answers = dict[str, Any]
Facts = dict[str, Any]
Reading = tuple[Number | None, str | None, bool | None]
Bands = tuple[tuple[int, str], ...]
"""The first value of each band, and its id."""

YES_NO = (0, 1)


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def each(names: Iterable[str], values: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return dict.fromkeys(names, values)


def band(bands: Bands, value: int) -> str:
    return [name for start, name in bands if value >= start][-1]


def read(value: int, bands: Bands, positive_from: int | None) -> Reading:
    """A score of which more is worse."""
    return value, band(bands, value), None if positive_from is None else value >= positive_from


def plain(answers: Answers, names: Iterable[str]) -> int:
    return sum(answers[name] for name in names)


# ---- PHQ and GAD: Kroenke 2001, 2003, 2007; Spitzer 2006 ----

PHQ_9: Bands = ((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "moderately-severe"), (20, "severe"))
GAD_7: Bands = ((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "severe"))
TWO_ITEMS: Bands = ((0, "few"), (3, "more"))


def phq_9(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(plain(answers, numbers(1, 9)), PHQ_9, 10)}


def phq_9_critical(answers: Answers) -> list[str]:
    return ["self-harm-thoughts"] if answers.get("9", 0) >= 1 else []


def gad_7(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(plain(answers, numbers(1, 7)), GAD_7, 10)}


def two_items(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(answers["1"] + answers["2"], TWO_ITEMS, 3)}


# ---- WHO-5: Topp 2015; the percentage is the sum times four, and less is worse ----

WHO_5: Bands = ((0, "very-low"), (29, "low"), (51, "good"))


def who_5(answers: Answers, _facts: Facts) -> Scored:
    percentage = 4 * plain(answers, numbers(1, 5))
    return {"total": (percentage, band(WHO_5, percentage), percentage <= 50)}


# ---- K10 and K6: ABS 4817.0.55.001, Kessler 2003 ----

K10: Bands = ((10, "low"), (16, "moderate"), (22, "high"), (30, "very-high"))
K6: Bands = ((0, "lower"), (13, "high"))


def k10(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(plain(answers, numbers(1, 10)), K10, None)}


def k6(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(plain(answers, numbers(1, 6)), K6, 13)}


def hopeless_worthless(hopeless: str, worthless: str, most_of_the_time: int) -> Any:
    def critical(answers: Answers) -> list[str]:
        named = {"hopeless": hopeless, "worthless": worthless}
        return [rule for rule, item in named.items() if answers.get(item, 0) >= most_of_the_time]

    return critical


# ---- CES-D: Radloff 1977; items 4, 8, 12 and 16 are about feeling well ----

CES_D: Bands = ((0, "lower"), (16, "higher"))


def ces_d(answers: Answers, _facts: Facts) -> Scored:
    well = {"4", "8", "12", "16"}
    total = sum(3 - answers[name] if name in well else answers[name] for name in numbers(1, 20))
    return {"total": read(total, CES_D, 16)}


# ---- GDS: Yesavage 1983, Sheikh 1986; the answer that counts, item by item ----

GDS_30_KEY = "NYYYN YNYNY YYYYN YYYNY NYYYY YNYNN"
GDS_15_KEY = "NYYYN YNYYY NYNYY"
GDS_30: Bands = ((0, "few"), (11, "more"), (21, "most"))
GDS_15: Bands = ((0, "few"), (5, "some"), (9, "more"), (12, "most"))


def gds(answers: Answers, key: str) -> int:
    return sum(answers[str(place)] == "NY".index(one) for place, one in enumerate(key.replace(" ", ""), 1))


def gds_30(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(gds(answers, GDS_30_KEY), GDS_30, 11)}


def gds_15(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(gds(answers, GDS_15_KEY), GDS_15, 5)}


def life_and_worth(wonderful: str, worthless: str) -> Any:
    def critical(answers: Answers) -> list[str]:
        found = ["life-not-wonderful"] if answers.get(wonderful) == 0 else []
        return found + (["worthless"] if answers.get(worthless) == 1 else [])

    return critical


# ---- DASS-21: Lovibond 1995; sums times two, labels and no cut-off ----

DASS_KEY = "SADAD SASAD SSDSA DDSAAD"
DASS_LABELS = ("normal", "mild", "moderate", "severe", "extremely-severe")
DASS_STARTS = {"D": (0, 10, 14, 21, 28), "A": (0, 8, 10, 15, 20), "S": (0, 15, 19, 26, 34)}
DASS_NAMES = {"D": "depression", "A": "anxiety", "S": "stress"}


def dass_21(answers: Answers, _facts: Facts) -> Scored:
    sums = dict.fromkeys(DASS_NAMES, 0)
    for place, scale in enumerate(DASS_KEY.replace(" ", ""), 1):
        sums[scale] += answers[str(place)]
    return {
        name: read(2 * sums[scale], tuple(zip(DASS_STARTS[scale], DASS_LABELS, strict=True)), None)
        for scale, name in DASS_NAMES.items()
    }


def dass_21_critical(answers: Answers) -> list[str]:
    return ["life-meaningless"] if answers.get("21", 0) >= 2 else []


# ---- AUDIT: Babor 2001, interview version with its two rules for leaving out questions; AUDIT-C: Bush 1998 ----

AUDIT: Bands = ((0, "zone-1"), (8, "zone-2"), (16, "zone-3"), (20, "zone-4"))
AUDIT_VALUES = each(numbers(1, 8), (0, 1, 2, 3, 4)) | each(("9", "10"), (0, 2, 4))
AUDIT_C: Bands = ((0, "lower"),)
AUDIT_C_FROM = {"male": ("men", 4), "female": ("women", 3)}


def audit_asked(answers: Answers) -> list[str]:
    if not answers.get("1"):
        return ["1", "9", "10"]
    if not (answers.get("2", 0) + answers.get("3", 0)) or not {"2", "3"} <= {*answers}:
        return ["1", "2", "3", "9", "10"]
    return numbers(1, 10)


def audit(answers: Answers, _facts: Facts) -> Scored:
    return {"total": read(sum(answers[name] for name in audit_asked(answers)), AUDIT, 8)}


def audit_c_asked(answers: Answers) -> list[str]:
    return ["1", "2", "3"] if answers.get("1") else ["1"]


def audit_c(answers: Answers, facts: Facts) -> Scored:
    total = sum(answers[name] for name in audit_c_asked(answers))
    if facts.get("sex") not in AUDIT_C_FROM:
        return {"total": (total, None, None)}
    _, start = AUDIT_C_FROM[facts["sex"]]
    return {"total": read(total, ((0, "lower"), (start, "higher")), start)}


def audit_c_norm(_answers: Answers, facts: Facts) -> dict[str, str]:
    return {"total": AUDIT_C_FROM[facts["sex"]][0]} if facts.get("sex") in AUDIT_C_FROM else {}


# ---- ASQ: Horowitz 2012; 1 is yes, 2 is a refusal, and both are positive ----


def asq_asked(answers: Answers) -> list[str]:
    first = numbers(1, 4)
    return [*first, "5"] if any(answers.get(name) for name in first) else first


def asq(answers: Answers, _facts: Facts) -> Scored:
    count = sum(answers[name] in {1, 2} for name in numbers(1, 4))
    return {"positive-answers": (count, "any" if count else "none", count > 0)}


def asq_critical(answers: Answers) -> list[str]:
    rules = {"suicide-thoughts": ("1", "2", "3"), "suicide-attempt": ("4",), "suicide-now": ("5",)}
    return [rule for rule, items in rules.items() if any(answers.get(name) in {1, 2} for name in items)]


# ---- PCL-5: Weathers 2013, Bovin 2016; clusters B, C, D, E of DSM-5 ----

PCL_5: Bands = ((0, "lower"), (33, "higher"))
PCL_5_CLUSTERS = {"intrusion": (1, 5), "avoidance": (6, 7), "thoughts-mood": (8, 14), "arousal": (15, 20)}


def pcl_5(answers: Answers, _facts: Facts) -> Scored:
    clusters: Scored = {
        name: (plain(answers, numbers(first, last)), None, None) for name, (first, last) in PCL_5_CLUSTERS.items()
    }
    return {"total": read(plain(answers, numbers(1, 20)), PCL_5, 33), **clusters}


# ---- national forms ----


def elder_screen(answers: Answers, _facts: Facts) -> Scored:
    failed = answers["repeat-now"] + answers["recall-later"]
    low = answers["mood"]
    return {
        "cognition": (failed, "failed" if failed else "passed", failed > 0),
        "feeling": (low, "low" if low else "good", low > 0),
    }


MONTHS = (3, 6, 8, 12, 18, 24, 30, 36, 48, 60, 72)


def signs_at(age: int) -> list[str]:
    return [f"m{age}-{place}" for place in (1, 2, 3, 4)]


def warning_signs_asked(answers: Answers) -> list[str]:
    return ["age", *(signs_at(answers["age"]) if "age" in answers else [])]


def warning_signs(answers: Answers, _facts: Facts) -> Scored:
    found = plain(answers, signs_at(answers["age"]))
    return {"signs": (found, "any" if found else "none", found > 0)}


def odd_behaviour(answers: Answers, _facts: Facts) -> Scored:
    found = plain(answers, numbers(1, 11))
    return {"signs": (found, "any" if found else "none", found > 0)}


def odd_behaviour_critical(answers: Answers) -> list[str]:
    return ["self-harm"] if answers.get("10") == 1 else []


FREQUENCY = (0, 1, 2, 3)

KEYS: dict[str, Key] = {
    "phq-9": Key(
        each([*numbers(1, 9), "difficulty"], FREQUENCY), phq_9, phq_9_critical, optional=frozenset({"difficulty"})
    ),
    "gad-7": Key(each(numbers(1, 7), FREQUENCY), gad_7),
    "phq-2": Key(each(numbers(1, 2), FREQUENCY), two_items),
    "gad-2": Key(each(numbers(1, 2), FREQUENCY), two_items),
    "who-5": Key(each(numbers(1, 5), (0, 1, 2, 3, 4, 5)), who_5),
    "k10": Key(each(numbers(1, 10), (1, 2, 3, 4, 5)), k10, hopeless_worthless("4", "10", 4)),
    "k6": Key(each(numbers(1, 6), (0, 1, 2, 3, 4)), k6, hopeless_worthless("2", "6", 3)),
    "ces-d": Key(each(numbers(1, 20), FREQUENCY), ces_d),
    "gds-15": Key(each(numbers(1, 15), YES_NO), gds_15, life_and_worth("11", "12")),
    "gds-30": Key(each(numbers(1, 30), YES_NO), gds_30, life_and_worth("15", "17")),
    "dass-21": Key(each(numbers(1, 21), FREQUENCY), dass_21, dass_21_critical),
    "audit": Key(AUDIT_VALUES, audit, asked=audit_asked),
    "audit-c": Key(
        each(numbers(1, 3), (0, 1, 2, 3, 4)),
        audit_c,
        facts=({}, {"sex": "male"}, {"sex": "female"}),
        norm=audit_c_norm,
        asked=audit_c_asked,
    ),
    "asq": Key(each(numbers(1, 5), (0, 1, 2)), asq, asq_critical, asked=asq_asked),
    "pcl-5": Key(each(numbers(1, 20), (0, 1, 2, 3, 4)), pcl_5),
    "elder-screen": Key(each(("repeat-now", "recall-later", "mood"), YES_NO), elder_screen),
    "child-warning-signs": Key(
        {"age": MONTHS} | each([name for age in MONTHS for name in signs_at(age)], YES_NO),
        warning_signs,
        asked=warning_signs_asked,
    ),
    "odd-behaviour-checklist": Key(each(numbers(1, 11), YES_NO), odd_behaviour, odd_behaviour_critical),
}
