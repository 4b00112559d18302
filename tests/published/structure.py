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
    Result,
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


# ---- school ----

MHT = {
    "learning": names(range(1, 16)),
    "people": names(range(16, 26)),
    "lonely": names(range(26, 36)),
    "self-blame": names(range(36, 46)),
    "sensitive": names(range(46, 56)),
    "bodily": names(range(56, 71)),
    "fearful": names(range(71, 81)),
    "impulsive": names(range(81, 100, 2)),
}
MHT_VALIDITY = names(range(82, 101, 2))


def mht(answers: Answers, _facts: Facts) -> Scored:
    """Yes counts 1; parts from 8, all parts without the validity items from 65."""
    parts = {name: added(answers, items) for name, items in MHT.items()}
    return {
        "validity": (added(answers, MHT_VALIDITY), None, None),
        "total": split(sum(parts.values()), 0, 65),
        **{name: over(value, [(0, "low"), (4, "middle"), (8, "raised")], 8) for name, value in parts.items()},
    }


SCARED = {
    "panic": (names(1, 6, 9, 12, 15, 18, 19, 22, 24, 27, 30, 34, 38), 7),
    "general": (names(5, 7, 14, 21, 23, 28, 33, 35, 37), 9),
    "separation": (names(4, 8, 13, 16, 20, 25, 29, 31), 5),
    "social": (names(3, 10, 26, 32, 39, 40, 41), 8),
    "school": (names(2, 11, 17, 36), 3),
}


def scared(answers: Answers, _facts: Facts) -> Scored:
    """The total from 25, each part from its own limit."""
    parts = {name: split(added(answers, items), 0, cut) for name, (items, cut) in SCARED.items()}
    return {"total": split(added(answers, names(range(1, 42))), 0, 25), **parts}


MSSMHS = {
    "obsessive": names(3, 10, 12, 22, 23, 48),
    "paranoid": names(11, 20, 24, 26, 47, 49),
    "hostility": names(19, 21, 25, 50, 52, 58),
    "interpersonal": names(4, 17, 18, 45, 51, 59),
    "depressive": names(5, 13, 14, 16, 44, 57),
    "anxious": names(6, 15, 34, 43, 46, 56),
    "study": names(31, 33, 36, 38, 40, 55),
    "adjustment": names(1, 8, 9, 29, 39, 41),
    "changing": names(2, 7, 27, 32, 35, 53),
    "unfair": names(28, 30, 37, 42, 54, 60),
}


def mssmhs(answers: Answers, _facts: Facts) -> Scored:
    """Means from 2, 3, 4 and 5, of all items and of each part."""
    limits: Limits = [(1, "usual"), (2, "mild"), (3, "moderate"), (4, "marked"), (5, "severe")]
    parts = {"total": names(range(1, 61)), **MSSMHS}
    return {name: over(averaged(answers, items), limits, 2) for name, items in parts.items()}


SDQ = {
    "emotional": names(3, 8, 13, 16, 24),
    "conduct": names(5, 7, 12, 18, 22),
    "hyperactivity": names(2, 10, 15, 21, 25),
    "peer": names(6, 11, 14, 19, 23),
    "prosocial": names(1, 4, 9, 17, 20),
}
SDQ_TURNED = (7, 11, 14, 21, 25)
# Du, Kou and Coghill 2008, table 4: the first value that is borderline and the first that is abnormal; of prosocial the
# last that is abnormal and the last that is borderline.
_SDQ_LIMITS = {
    "sdq": "15 18  5 6  4 5  6 7  5 6  4 5",
    "sdq-parent": "15 17  4 5  3 4  7 8  5 6  4 5",
    "sdq-teacher": "14 18  4 5  3 4  7 9  5 6  3 4",
}


def sdq(form: str) -> Key:
    """Five parts; all but the last make the total. A part with one or two blanks is scaled up."""

    numbers = iter(map(int, _SDQ_LIMITS[form].split()))
    limits = dict(zip(["total", *SDQ], zip(numbers, numbers, strict=True), strict=True))

    def read(name: str, value: int) -> Result:
        first, second = limits[name]
        if name == "prosocial":
            return under(value, [(0, "low"), (first + 1, "borderline"), (second + 1, "usual")], first)
        return over(value, [(0, "usual"), (first, "borderline"), (second, "raised")], second)

    def score(answers: Answers, _facts: Facts) -> Scored:
        parts = {name: added(answers, items, SDQ_TURNED, ends=2) for name, items in SDQ.items()}
        total = sum(value for name, value in parts.items() if name != "prosocial")
        return {"total": read("total", total), **{name: read(name, value) for name, value in parts.items()}}

    def unfinished(answers: Answers) -> Scored:
        scaled = {}
        for name, items in SDQ.items():
            given = [item for item in items if item in answers]
            if len(given) in {3, 4}:
                mean = Fraction(added(answers, given, SDQ_TURNED, ends=2), len(given))
                scaled[name] = read(name, int(mean * 5 + Fraction(1, 2)))
        return scaled

    return Key(alike(names(range(1, 26)), 0, 2), score, unfinished=unfinished)


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


# ---- small children ----


def failed(answers: Answers) -> int:
    """M-CHAT-R: no counts, but for 2, 5 and 12 yes."""
    return sum(answers[str(item)] == (item in {2, 5, 12}) for item in range(1, 21))


def m_chat_asked(answers: Answers) -> list[str]:
    """The follow-up interview is for 3 to 7 items."""
    items = names(range(1, 21))
    follows = all(name in answers for name in items) and failed(answers) in range(3, 8)
    return [*items, "follow-up"] if follows else items


def m_chat(answers: Answers, _facts: Facts) -> Scored:
    """0-2, 3-7, 8-20; after the follow-up 2 and more."""
    again = answers.get("follow-up") if failed(answers) in range(3, 8) else None
    result = (None, None, None) if again is None else over(again, [(0, "passed"), (2, "failed")], 2)
    return {"total": over(failed(answers), [(0, "low"), (3, "medium"), (8, "high")], 3), "follow-up-result": result}


def abc(answers: Answers, _facts: Facts) -> Scored:
    """31, 53 and 67."""
    return {"total": over(answers["points"], [(0, "low"), (31, "some"), (53, "raised"), (67, "high")], 31)}


# ---- children ----


def snap_iv(answers: Answers, _facts: Facts) -> Scored:
    """Means; Bussing et al. 2008: parents above 1.2 and 1.8, teachers above 1.8 (inattention) and 1.2."""
    by_parent = answers["informant"] == 1
    scored: Scored = {"opposition": (averaged(answers, names(range(19, 27))), None, None)}
    for name, items, teachers in (("inattention", range(1, 10), 1.8), ("hyperactivity", range(10, 19), 1.2)):
        mean, limit = averaged(answers, names(items)), 1.2 if by_parent else teachers
        band = "usual" if mean <= limit else "marked" if by_parent and mean > 1.8 else "raised"
        scored[name] = (mean, band, mean > limit)
    return scored


def snap_iv_norm(answers: Answers, _facts: Facts) -> dict[str, str]:
    """By whom it was filled in."""
    return dict.fromkeys(("inattention", "hyperactivity"), "parent" if answers["informant"] == 1 else "teacher")


def cbcl(answers: Answers, _facts: Facts) -> Scored:
    """T scores: 60 to 63 borderline, 64 and above clinical."""
    kinds = ("total", "internalizing", "externalizing")
    return {kind: over(answers[f"{kind}-t"], [(20, "usual"), (60, "borderline"), (64, "raised")], 64) for kind in kinds}


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
    "mht": Key(
        alike(names(range(1, 101)), 0, 1),
        mht,
        at_least(better_dead=(["85"], 1), jumping=(["97"], 1)),
        doubts=lambda answers: ["not-frank"] if added(answers, MHT_VALIDITY) >= 7 else [],
        void=frozenset({"not-frank"}),
    ),
    "scared": Key(alike(names(range(1, 42)), 0, 2), scared),
    "mssmhs": Key(alike(names(range(1, 61)), 1, 5), mssmhs, at_least(suicidal_thoughts=(["57"], 2))),
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
    "sdq": sdq("sdq"),
    "sdq-parent": sdq("sdq-parent"),
    "sdq-teacher": sdq("sdq-teacher"),
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
    "m-chat-rf": Key(
        {**alike(names(range(1, 21)), 0, 1), "follow-up": tuple(range(8))},
        m_chat,
        optional=frozenset({"follow-up"}),
        asked=m_chat_asked,
    ),
    "snap-iv": Key({"informant": (1, 2), **alike(names(range(1, 27)), 0, 3)}, snap_iv, norm=snap_iv_norm),
    "iat": plain(20, 0, 5, [(0, "usual"), (31, "mild"), (50, "moderate"), (80, "severe")], 50),
    "ies-r": Key(alike(names(range(1, 23)), 0, 4), ies_r),
    "ctq-sf": Key(
        alike(names(range(1, 29)), 1, 5),
        ctq_sf,
        doubts=lambda answers: ["making-light"] if 5 in (answers["10"], answers["16"], answers["22"]) else [],
    ),
    "cbcl": Key(
        {**alike(["total-t", "internalizing-t", "externalizing-t"], 20, 100), "self-harm": (0, 1)},
        cbcl,
        at_least(self_harm=(["self-harm"], 1)),
    ),
    "abc": Key({"points": tuple(range(159))}, abc),
}
