"""The rules are data, and only sensible ones are accepted."""

import msgspec
import pytest

from app import resources
from app.disclosure import Policy
from app.errors import Problem
from app.texts import LANGUAGES, Texts


@pytest.mark.parametrize("audience", ["station", "county"])
def test_inside_the_station_and_towards_the_county_fewer_than_five_are_protected(audience: str) -> None:
    policy = Policy.load(audience)
    assert policy.audience == audience
    assert [count for count in range(10) if policy.protects(count, "band", 100)] == [1, 2, 3, 4]


def test_nobody_in_the_mildest_row_is_protected_and_nobody_elsewhere_is_not() -> None:
    policy = Policy.load()
    assert policy.protects(0, "mildest", 20)
    assert not policy.protects(0, "band", 20)
    assert not policy.protects(0, "separate", 20)


def test_a_policy_can_leave_the_empty_mildest_row_in_the_open() -> None:
    policy = msgspec.structs.replace(Policy.load(), protect_empty_mildest=False)
    assert not policy.protects(0, "mildest", 20)
    assert policy.protects(1, "mildest", 20)


def test_that_nothing_was_found_in_anybody_of_a_small_column_is_not_protected() -> None:
    policy = Policy.load()
    assert not policy.protects(2, "mildest", 2)
    assert policy.protects(2, "mildest", 3)
    assert policy.protects(2, "band", 2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_audience_without_rules_gets_nothing_and_is_told_so(language: str) -> None:
    with pytest.raises(Problem) as refused:
        Policy.load("public")
    assert "public" in Texts.load(language).problem(refused.value)


@pytest.mark.parametrize("changes", [{"k": 2, "minimum_persons": 2}, {"k": 5, "minimum_persons": 4}])
def test_rules_that_protect_nobody_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        msgspec.structs.replace(Policy.load(), **changes)


def test_every_role_needs_a_weight() -> None:
    with pytest.raises(ValueError, match="weight"):
        msgspec.structs.replace(Policy.load().weights, rows={"band": 1})


def test_the_file_names_its_version_and_where_its_numbers_come_from() -> None:
    policy = Policy.load()
    assert policy.id
    assert policy.version
    assert (resources.ROOT.parent / policy.source.rpartition(" ")[2]).is_file()
