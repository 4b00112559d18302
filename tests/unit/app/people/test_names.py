"""One spelling for what looks the same; no character of a name is lost or exchanged."""

import pytest

from app.people.names import MAX_LENGTH, NameFault, name_doubts, normalise_name


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("张三", "张三"),
        (" 张 三 ", "张三"),
        ("张\u3000三", "张三"),
        ("张\n三", "张三"),
        ("张\u200b三", "张三"),
        ("\U0002cc56 \U00020000", "\U0002cc56\U00020000"),
        ("\ue001 三", "\ue001三"),
        ("John  Smith", "John Smith"),
        ("Ｊｏｈｎ　Ｓｍｉｔｈ", "John Smith"),
        ("J. Smith", "J. Smith"),
        ("O’Brien-Smith", "O’Brien-Smith"),
        ("张 John", "张 John"),
        ("张三·", "张三"),
    ],
)
def test_spaces_and_widths_do_not_make_another_name(written: str, kept: str) -> None:
    assert normalise_name(written) == kept


@pytest.mark.parametrize("dot", ["·", "•", "‧", "・", "･", ".", "．", "∙", "⋅", " · ", "• "])
def test_every_dot_between_the_parts_of_a_name_is_one_sign(dot: str) -> None:
    assert normalise_name(f"阿依古丽{dot}买买提") == "阿依古丽\u00b7买买提"


@pytest.mark.parametrize(
    "name",
    [
        "\ufa0e\uf9d1",  # compatibility ideographs, one of which has a canonical twin
        "\u3400\u9fff",
        "\u4dae\u36c3",
        "\U0002cc56\U0002a6df\U0002ebe0",
        "\U0002ebf0\U00030000\U000323af",  # blocks younger than the Unicode tables of old Pythons
        "\u5f20\u3007",
        "\u4f60\u3005",
        "\u845b\U000e0100",
    ],
)
def test_no_ideograph_is_exchanged(name: str) -> None:
    assert normalise_name(name) == name


def test_letters_with_accents_have_one_spelling() -> None:
    assert normalise_name("Jose\u0301") == normalise_name("Jos\u00e9") == "Jos\u00e9"


def test_letters_that_only_look_alike_are_not_exchanged() -> None:
    assert normalise_name("\ufb01\u0132") == "\ufb01\u0132"


def test_names_in_other_scripts_are_names() -> None:
    for name in ("ئايگۈل", "བསྟན་འཛིན"[:4], "ᠪᠠᠲᠤ"):
        assert normalise_name(name) == name


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", "identity.name_empty"),
        ("\u3000\n", "identity.name_empty"),
        ("·", "identity.name_empty"),
        ("--", "identity.name_empty"),
        ("张三1", "identity.name_characters"),
        ("张三２", "identity.name_characters"),
        ("张三(大)", "identity.name_characters"),
        ("张*", "identity.name_characters"),
        ("张○", "identity.name_characters"),
        ("张\ufffd", "identity.name_characters"),
        ("=A1", "identity.name_characters"),
        ("张三，李四", "identity.name_characters"),
        ("三" * (MAX_LENGTH + 1), "identity.name_too_long"),
    ],
)
def test_what_is_no_name_is_refused_with_its_reason(written: str, key: str) -> None:
    with pytest.raises(NameFault) as caught:
        normalise_name(written)
    assert caught.value.key == key


def test_the_characters_that_do_not_belong_are_named_once_each() -> None:
    with pytest.raises(NameFault) as caught:
        normalise_name("张三(2)(2)")
    assert caught.value.values == {"characters": "( 2 )"}


def test_a_name_may_have_fifty_characters_of_any_plane() -> None:
    assert normalise_name("\U00020000" * MAX_LENGTH) == "\U00020000" * MAX_LENGTH


@pytest.mark.parametrize(
    ("name", "doubts"),
    [
        ("张\ue1a3", ["identity.name_private_use"]),
        ("张\U000f0001", ["identity.name_private_use"]),
        ("\u2f99三", ["identity.name_radical"]),
        ("\u2ee2三", ["identity.name_radical"]),
        ("马三", []),
        ("\U0002cc56", []),
    ],
)
def test_characters_that_another_computer_may_show_otherwise_are_doubtful_and_kept(
    name: str, doubts: list[str]
) -> None:
    assert normalise_name(name) == name
    assert name_doubts(name) == doubts
