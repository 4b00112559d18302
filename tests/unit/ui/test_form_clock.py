"""How long somebody took, from the first to the last answer."""

from ui.desktop.models.fill import Clock


def test_it_runs_from_the_first_to_the_last_answer() -> None:
    clock = Clock()
    assert clock.seconds == 0
    for now in (100.0, 103.0, 109.5):
        clock.answered(now)
    assert clock.seconds == 9.5


def test_the_time_between_two_sittings_does_not_count() -> None:
    first = Clock()
    for now in (100.0, 110.0):
        first.answered(now)
    second = Clock(first.seconds)
    assert second.seconds == 10
    for now in (9_000.0, 9_004.0):
        second.answered(now)
    assert second.seconds == 14
