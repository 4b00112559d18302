"""Keys of the instruments whose wording is not ours to print: numbers and rules only, from the publications.

The publications are named in the files of the instruments; this scores by them without the program.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tests.published.arithmetic import (
    Answers,
    Facts,
    Limits,
    added,
    alike,
    at_least,
    averaged,
    names,
    over,
    split,
    under,
)
from tests.published.key import Key, Scored
from tests.published.school import SCHOOL

# ---- mood ----


def epds(answers: Answers, _facts: Facts) -> Scored:
    """Points are entered as printed beside the answers; 10 and 13."""
    return {"total": over(added(answers, names(range(1, 11))), [(0, "low"), (10, "raised"), (13, "high")], 10)}


def zung(turned: tuple[int, ...], mild: int, moderate: int, severe: int) -> Callable[[Answers, Facts], Scored]:
    """The sum times 1.25, whatever stands behind the point cut off; limits of the Chinese norm."""

    def score(answers: Answers, _facts: Facts) -> Scored:
        index = added(answers, names(range(1, 21)), turned, ends=5) * 5 // 4
        return {"index": over(index, [(0, "usual"), (mild, "mild"), (moderate, "moderate"), (severe, "severe")], mild)}

    return score


SCL_90 = {
    "somatization": names(1, 4, 12, 27, 40, 42, 48, 49, 52, 53, 56, 58),
    "obsessive": names(3, 9, 10, 28, 38, 45, 46, 51, 55, 65),
    "interpersonal": names(6, 21, 34, 36, 37, 41, 61, 69, 73),
    "depressive": names(5, 14, 15, 20, 22, 26, 29, 30, 31, 32, 54, 71, 79),
    "anxious": names(2, 17, 23, 33, 39, 57, 72, 78, 80, 86),
    "hostility": names(11, 24, 63, 67, 74, 81),
    "phobic": names(13, 25, 47, 50, 70, 75, 82),
    "paranoid": names(8, 18, 43, 68, 76, 83),
    "psychotic": names(7, 16, 35, 62, 77, 84, 85, 87, 88, 90),
    "other": names(19, 44, 59, 60, 64, 66, 89),
}


def scl_90(answers: Answers, _facts: Facts) -> Scored:
    """A total above 160, more than 43 complaints, or a factor above 2."""
    complaints = [answers[name] for name in names(range(1, 91)) if answers[name] > 1]
    mean = Fraction(sum(complaints), len(complaints)) if complaints else None
    factors = {name: averaged(answers, items) for name, items in SCL_90.items()}
    return {
        "total": split(added(answers, names(range(1, 91))), 90, 161),
        "positives": split(len(complaints), 0, 44),
        "positive-mean": (None if mean is None else int(mean * 100 + Fraction(1, 2)) / 100, None, None),
        **{name: (mean, "raised" if mean > 2 else "usual", mean > 2) for name, mean in factors.items()},
    }


# ---- sleep ----


def psqi(answers: Answers, _facts: Facts) -> Scored:
    """Seven components of 0 to 3 and their sum: Buysse et al. 1989; above 7: 刘贤臣 et al. 1996."""
    asleep = 60 * answers["4-hours"] + answers["4-minutes"]
    up, down = (60 * answers[f"{item}-hour"] + answers[f"{item}-minute"] for item in (3, 1))
    lying = (up - down) % (24 * 60) or 24 * 60
    wait = answers["2"]
    grade = {
        "quality": answers["6"],
        "latency": halved((wait > 15) + (wait > 30) + (wait > 60) + answers["5a"]),
        "duration": (asleep < 7 * 60) + (asleep < 6 * 60) + (asleep < 5 * 60),
        "efficiency": sum(Fraction(asleep, lying) < Fraction(percent, 100) for percent in (85, 75, 65)),
        "disturbance": -(-added(answers, [f"5{letter}" for letter in "bcdefghij"]) // 9),
        "medicine": answers["7"],
        "daytime": halved(answers["8"] + answers["9"]),
    }
    total = over(sum(grade.values()), [(0, "good"), (6, "middle"), (8, "poor")], 8)
    return {**{name: (int(value), None, None) for name, value in grade.items()}, "total": total}


def halved(points: int) -> int:
    """0, 1-2, 3-4 and 5-6 points become 0, 1, 2 and 3."""
    return (points + 1) // 2


def psqi_doubts(answers: Answers) -> list[str]:
    """More sleep than time in bed."""
    lying = (60 * (answers["3-hour"] - answers["1-hour"]) + answers["3-minute"] - answers["1-minute"]) % 1440 or 1440
    return ["asleep-longer-than-in-bed"] if 60 * answers["4-hours"] + answers["4-minutes"] > lying else []


PSQI = {
    name: tuple(range(count))
    for name, count in [
        *[("1-hour", 24), ("1-minute", 60), ("2", 601), ("3-hour", 24), ("3-minute", 60), ("4-hours", 25)],
        ("4-minutes", 60),
        *[(f"5{letter}", 4) for letter in "abcdefghij"],
        *[(name, 4) for name in names(range(6, 10))],
    ]
}


# ---- memory ----

MMSE = {0: ("illiterate", 17), 1: ("primary", 20), 2: ("middle", 24)}


def mmse(answers: Answers, _facts: Facts) -> Scored:
    """17, 20 or 24 points and fewer, by schooling."""
    _, last = MMSE[answers["schooling"]]
    return {"total": under(answers["points"], [(0, "low"), (last + 1, "kept")], last)}


def moca(answers: Answers, _facts: Facts) -> Scored:
    """A point for twelve years of school or fewer, but not more than 30; below 26."""
    total = min(30, answers["points"] + (1 if answers["years"] <= 12 else 0))
    return {"raw": (answers["points"], None, None), "total": under(total, [(0, "low"), (26, "kept")], 25)}


# ---- danger ----


def c_ssrs_asked(answers: Answers) -> list[str]:
    """3 to 5 only after yes to 2; when it was only after yes to 6."""
    thoughts = ["3", "4", "5"] if answers.get("2") == 1 else []
    return ["1", "2", *thoughts, "6", *(["6-recent"] if answers.get("6") == 1 else [])]


def c_ssrs(answers: Answers, _facts: Facts) -> Scored:
    """3 high, 2 moderate, 1 low, 0 none."""
    yes = {name for name in c_ssrs_asked(answers) if answers[name] == 1}
    risk = 3 if yes & {"4", "5", "6-recent"} else 2 if yes & {"3", "6"} else 1 if yes else 0
    return {"risk": over(risk, [(0, "none"), (1, "lower"), (2, "moderate"), (3, "high")], 1)}


# ---- life ----

IES_R = {
    "intrusion": names(1, 2, 3, 6, 9, 14, 16, 20),
    "avoidance": names(5, 7, 8, 11, 12, 13, 17, 22),
    "hyperarousal": names(4, 10, 15, 18, 19, 21),
}


def ies_r(answers: Answers, _facts: Facts) -> Scored:
    """The sum from 33 (Creamer et al. 2003); parts as means."""
    parts: Scored = {name: (averaged(answers, items), None, None) for name, items in IES_R.items()}
    return {"total": split(added(answers, names(range(1, 23))), 0, 33), **parts}


CTQ_SF = {
    "emotional-abuse": (names(3, 8, 14, 18, 25), 13),
    "physical-abuse": (names(9, 11, 12, 15, 17), 10),
    "sexual-abuse": (names(20, 21, 23, 24, 27), 8),
    "emotional-neglect": (names(5, 7, 13, 19, 28), 15),
    "physical-neglect": (names(1, 2, 4, 6, 26), 10),
}


def ctq_sf(answers: Answers, _facts: Facts) -> Scored:
    """Sums of five items, moderate to severe from the limit; the validity items count where answered with 5."""
    denial = sum(answers[name] == 5 for name in ("10", "16", "22"))
    turned = (5, 7, 13, 19, 28, 2, 26)
    parts = {name: split(added(answers, items, turned, ends=6), 5, cut) for name, (items, cut) in CTQ_SF.items()}
    return {**parts, "denial": (denial, None, None)}


def plain(count: int, low: int, high: int, limits: Limits, positive_from: int) -> Key:
    """An instrument with a total and nothing else."""
    items = names(range(1, count + 1))
    return Key(
        alike(items, low, high), lambda answers, _: {"total": over(added(answers, items), limits, positive_from)}
    )


KEYS: dict[str, Key] = {
    "epds": Key(alike(names(range(1, 11)), 0, 3), epds, at_least(self_harm_thoughts=(["10"], 1))),
    "sds": Key(
        alike(names(range(1, 21)), 1, 4),
        zung((2, 5, 6, 11, 12, 14, 16, 17, 18, 20), 53, 63, 73),
        at_least(better_off_dead=(["19"], 2)),
    ),
    "sas": Key(alike(names(range(1, 21)), 1, 4), zung((5, 9, 13, 17, 19), 50, 60, 70)),
    "ais": plain(8, 0, 3, [(0, "low"), (4, "some"), (6, "raised")], 6),
    "isi": plain(7, 0, 4, [(0, "low"), (8, "some"), (15, "clear"), (22, "severe")], 15),
    "ad8": Key(
        alike(names(range(1, 9)), 1, 3),  # 1 yes, 2 no, 3 not known
        lambda answers, _: {"total": split(sum(answer == 1 for answer in answers.values()), 0, 2)},
    ),
    "scl-90": Key(
        alike(names(range(1, 91)), 1, 5), scl_90, at_least(ending_life=(["15"], 2), thoughts_of_death=(["59"], 2))
    ),
    "mmse": Key(
        {"schooling": (0, 1, 2), "points": tuple(range(31))},
        mmse,
        norm=lambda answers, _: {"total": MMSE[answers["schooling"]][0]},
    ),
    "moca": Key({"points": tuple(range(31)), "years": tuple(range(31))}, moca),
    "mini-cog": Key(
        {"words": (0, 1, 2, 3), "clock": (0, 2)},
        lambda answers, _: {"total": under(answers["words"] + answers["clock"], [(0, "low"), (3, "kept")], 2)},
    ),
    "psqi": Key(PSQI, psqi, doubts=psqi_doubts),
    "c-ssrs": Key(
        alike(["1", "2", "3", "4", "5", "6", "6-recent"], 0, 1),
        c_ssrs,
        at_least(
            wish_or_thoughts=(["1", "2"], 1),
            method=(["3"], 1),
            intent_or_plan=(["4", "5"], 1),
            behaviour=(["6"], 1),
            recent_behaviour=(["6-recent"], 1),
        ),
        asked=c_ssrs_asked,
    ),
    "iat": plain(20, 0, 5, [(0, "usual"), (31, "mild"), (50, "moderate"), (80, "severe")], 50),
    "ies-r": Key(alike(names(range(1, 23)), 0, 4), ies_r),
    "ctq-sf": Key(
        alike(names(range(1, 29)), 1, 5),
        ctq_sf,
        doubts=lambda answers: ["making-light"] if 5 in (answers["10"], answers["16"], answers["22"]) else [],
    ),
    **SCHOOL,
}
