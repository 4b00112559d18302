"""What is asked about a person, as plain values."""

from __future__ import annotations

from typing import Literal

import msgspec

Sex = Literal["male", "female", "unknown"]
IdType = Literal["resident_id", "passport", "hk_macau_taiwan", "foreign_permit", "none", "other"]


class PersonFields(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person as a list or a form describes them; None is what was not said.

    Attributes:
        name: normalised by `app.people.names.normalise_name`.
        sex: GB/T 2261.1 without its code for unstated.
        birth_date: ISO text.
        id_type: the kind of document that `id_number` comes from; ``none`` says that there is none yet.
        id_number: capitals and digits, no spaces.
        student_number: 学籍号 or 学号.
        group_name: the class of a student, the village of a resident.
        grade: 年级.
        ethnicity: the name in GB/T 3304, or as it was written where the standard does not list it.
        phone: of the person.
        guardian_name: of parent or guardian.
        guardian_phone: of parent or guardian.
        address: where the person lives.
        household: number of the household, or the name of its head.
    """

    name: str
    sex: Sex | None = None
    birth_date: str | None = None
    id_type: IdType | None = None
    id_number: str | None = None
    student_number: str | None = None
    group_name: str | None = None
    grade: str | None = None
    ethnicity: str | None = None
    phone: str | None = None
    guardian_name: str | None = None
    guardian_phone: str | None = None
    address: str | None = None
    household: str | None = None
