"""What a benchmark gives to every program of a comparison."""

from tests.bench.records import records


def test_of_ten_records_seven_are_answer_sheets_and_they_are_the_same_each_time() -> None:
    made = records(40)
    assert [record["type"] for record in made[:10]] == ["person", *["screening"] * 7, *["alert_step"] * 2]
    assert {record["instrument"] for record in made if record["type"] == "screening"} == {"phq-9", "gad-7"}
    assert records(40) == made
