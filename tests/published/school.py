"""Keys of the instruments for children and students, as far as their wording is not ours to print."""

from __future__ import annotations

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


SCHOOL: dict[str, Key] = {
    "mht": Key(
        alike(names(range(1, 101)), 0, 1),
        mht,
        at_least(better_dead=(["85"], 1), jumping=(["97"], 1)),
        doubts=lambda answers: ["not-frank"] if added(answers, MHT_VALIDITY) >= 7 else [],
        void=frozenset({"not-frank"}),
    ),
    "scared": Key(alike(names(range(1, 42)), 0, 2), scared),
    "mssmhs": Key(alike(names(range(1, 61)), 1, 5), mssmhs, at_least(suicidal_thoughts=(["57"], 2))),
    "sdq": sdq("sdq"),
    "sdq-parent": sdq("sdq-parent"),
    "sdq-teacher": sdq("sdq-teacher"),
    "m-chat-rf": Key(
        {**alike(names(range(1, 21)), 0, 1), "follow-up": tuple(range(8))},
        m_chat,
        optional=frozenset({"follow-up"}),
        asked=m_chat_asked,
    ),
    "snap-iv": Key({"informant": (1, 2), **alike(names(range(1, 27)), 0, 3)}, snap_iv, norm=snap_iv_norm),
    "cbcl": Key(
        {**alike(["total-t", "internalizing-t", "externalizing-t"], 20, 100), "self-harm": (0, 1)},
        cbcl,
        at_least(self_harm=(["self-harm"], 1)),
    ),
    "abc": Key({"points": tuple(range(159))}, abc),
}
