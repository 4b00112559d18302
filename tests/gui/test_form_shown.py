"""What was filled in, to read: all kinds of answers, doubts, how to talk about it, and two fillings side by side."""

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from tests.gui.forms import VISIT, Filler, definition, item, said
from ui.desktop.screens.alerts import AlertsPage
from ui.desktop.screens.answered import AnsweredSheet
from ui.desktop.screens.compare import CompareDialog
from ui.desktop.window import Window

pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|grabbing the keyboard)")

BANDS = [
    {"id": "low", "from": 0, "to": 1, "title": said("低"), "severity": 0, "action": said("不用做什么。")},
    {"id": "high", "from": 2, "to": 4, "title": said("高"), "severity": 1, "action": said("请再谈一谈。")},
]
OF_WOMEN = [
    {"id": "few", "from": 0, "to": 2, "title": said("女低"), "severity": 0, "action": said("女：不用做什么。")},
    {"id": "many", "from": 3, "to": 4, "title": said("女高"), "severity": 1, "action": said("女：请再谈一谈。")},
]


def scale(**more: Any) -> dict[str, Any]:
    """Two items from 0 to 2, their sum, an answer that alerts, and a doubt."""
    score = {
        "id": "total",
        "title": said("困扰"),
        "items": ["a", "b"],
        "method": "sum",
        "range": [0, 4],
        "bands": BANDS,
        "change": {"points": 2, "source": "made up"},
        "source": "made up",
        **more,
    }
    return definition(
        "scale",
        type="instrument",
        short_title="两题",
        title=said("两题问卷"),
        option_sets={"often": [{"value": value, "text": said(f"程度{value}")} for value in range(3)]},
        items=[item("choice", name, f"题目{name}", options="often") for name in ("a", "b")],
        scores=[score],
        critical=[
            {
                "id": "alarm",
                "items": ["a", "b"],
                "at_least": 2,
                "level": "red",
                "title": said("提到了危险"),
                "ask": said("平静地直接问。"),
                "source": "made up",
            }
        ],
        quality=[
            {
                "id": "same",
                "when": "@run >= 2",
                "verdict": "doubtful",
                "title": said("答案全一样"),
                "source": "made up",
            },
            {
                "id": "fast",
                "when": "${a} = 0 and ${b} = 1",
                "verdict": "void",
                "title": said("不可信"),
                "source": "made up",
            },
        ],
    )


@pytest.fixture
def filler(opened: Window, qtbot: QtBot) -> Filler:
    """With 解珍 on the screen, a girl without any answers."""
    found = Filler(opened, qtbot, "解珍")
    for data in (VISIT, scale()):
        found.know(data)
    return found


def look(filler: Filler) -> AnsweredSheet:
    """Open the only sheet."""
    filler.button("看答卷", filler.page).click()
    return filler.dialog(AnsweredSheet)


def test_every_kind_of_answer_is_read_in_words(filler: Filler) -> None:
    filler.record(
        "visit",
        {
            "way": 1,
            "who": [1, 3],
            "day": "2026-09-01",
            "height": 200,
            "weight": 80.0,
            "notes": "第一行\n第二行",
            "sleep": None,
            "food": 3,
            "drugs": [{"name": "A", "dose": 20}, {"name": "B"}],
        },
    )
    words = filler.texts(look(filler))
    for part in (
        "1　门诊",
        "本人；邻居",
        "2026-09-01",
        "200 cm",
        "80.0",
        "第一行\n第二行",
        "不适用",
        "3　经常",
    ):
        assert part in words
    assert "药名 A；每次 20 mg\n药名 B" in words
    assert "20" in words.splitlines()
    assert [line for line in words.splitlines() if line in {"走访", "情况", "用药"}][:1] == ["走访"]


def test_an_item_that_was_not_asked_is_not_said_to_be_unanswered(filler: Filler) -> None:
    filler.record("visit", {"way": 1})
    words = filler.texts(look(filler))
    assert "地址" not in words
    assert "没有答" in words


def test_a_doubt_is_told_to_the_professional_in_words(filler: Filler) -> None:
    filler.record("scale", {"a": 1, "b": 1})
    assert "作答可疑：答案全一样" in filler.texts(look(filler))


def test_a_void_form_says_so_and_advises_nothing(filler: Filler) -> None:
    filler.record("scale", {"a": 0, "b": 1})
    words = filler.texts(look(filler))
    assert "作废：不可信" in words
    assert "不用做什么" not in words


def test_how_to_talk_stands_beside_the_answer_that_asks_for_it_once(filler: Filler) -> None:
    filler.record("scale", {"a": 2, "b": 2})
    assert filler.texts(look(filler)).count("怎样谈：平静地直接问。") == 1


def test_the_alert_says_how_to_talk_and_what_is_doubtful(filler: Filler) -> None:
    filler.record("scale", {"a": 2, "b": 2})
    (alert,) = [
        line.alert.id
        for line in filler.ask(lambda desk: desk.alerts.standing())
        if line.alert.fields.instrument == "scale"
    ]
    filler.work.context.signals.alert_wanted.emit(alert)
    filler.wait()
    page = filler.work.page("alerts")
    assert isinstance(page, AlertsPage)
    words = filler.texts(page)
    assert words.count("怎样谈：平静地直接问。") == 1
    assert "作答可疑：答案全一样" in words


def test_a_band_of_a_norm_is_named_and_advises(filler: Filler) -> None:
    norm = {
        "id": "women",
        "when": '@sex = "female"',
        "title": said("女性"),
        "bands": OF_WOMEN,
        "mean": 1,
        "deviation": 2,
        "source": "made up",
    }
    filler.know({**scale(norms=[norm]), "id": "normed"})
    filler.record("normed", {"a": 1, "b": 1})
    words = filler.texts(look(filler))
    assert "困扰：2 分（女低）" in words
    assert "参照：女性　T 分 55.0" in words
    assert "对本人：女：不用做什么。" in words


def test_many_scores_stand_in_one_table(filler: Filler) -> None:
    one = scale()["scores"][0]
    more = [{**one, "id": f"score-{number}", "title": said(f"第{number}项")} for number in range(4)]
    filler.know({**scale(), "id": "many", "scores": more})
    filler.record("many", {"a": 1, "b": 1})
    words = filler.texts(look(filler))
    assert [f"第{number}项" in words for number in range(4)] == [True] * 4
    assert words.count("请再谈一谈。") == 4


# ---- two fillings ----


def compare(filler: Filler) -> CompareDialog:
    filler.button("对比两次填写", filler.page).click()
    return filler.dialog(CompareDialog)


def choose(dialog: CompareDialog, box: QComboBox, at: int) -> None:
    box.setCurrentIndex(at)
    box.activated.emit(at)
    QApplication.processEvents()


def test_two_fillings_stand_side_by_side_with_what_differs_marked(filler: Filler) -> None:
    filler.record("visit", {"way": 1, "who": [1], "height": 150}, days_ago=9)
    filler.record("visit", {"way": 2, "address": "村里", "who": [1], "height": 151})
    dialog = compare(filler)
    words = filler.texts(dialog)
    assert "3 / 11 题不同" in words
    for part in ("1　门诊", "2　家访", "150 cm", "151 cm", "村里"):
        assert part in words
    assert words.count("≠") == 3
    dialog._changed_only.click()
    assert "见到谁" not in filler.texts(dialog)


def test_a_change_that_is_more_than_chance_is_called_reliable(filler: Filler) -> None:
    filler.record("scale", {"a": 0, "b": 0}, days_ago=9)
    filler.record("scale", {"a": 1, "b": 1})
    words = filler.texts(compare(filler))
    assert "变化 +2" in words
    assert "可靠变化（达到 2 分）" in words


def test_a_smaller_change_is_not(filler: Filler) -> None:
    filler.record("scale", {"a": 1, "b": 1}, days_ago=9)
    filler.record("scale", {"a": 1, "b": 0})
    words = filler.texts(compare(filler))
    assert "变化 -1" in words
    assert "未达到可靠变化（2 分）" in words


@pytest.mark.parametrize("answers", [{"a": 0, "b": 1}, {"a": 2}])
def test_what_does_not_count_is_not_subtracted(filler: Filler, answers: dict[str, int]) -> None:
    filler.record("scale", {"a": 2, "b": 2}, days_ago=9)
    filler.record("scale", answers)
    words = filler.texts(compare(filler))
    assert "变化" not in words


def test_which_two_are_compared_is_chosen(filler: Filler) -> None:
    for days, value in ((30, 0), (20, 1), (10, 2)):
        filler.record("scale", {"a": value, "b": 0}, days_ago=days)
    dialog = compare(filler)
    assert "变化 +1" in filler.texts(dialog)
    choose(dialog, dialog._before, 2)
    assert "变化 +2" in filler.texts(dialog)
    choose(dialog, dialog._before, 0)
    assert "两边选的是同一次" in filler.texts(dialog)


def test_fillings_of_two_versions_are_compared_with_a_word_about_it(filler: Filler) -> None:
    filler.record("scale", {"a": 1, "b": 0}, days_ago=9)
    filler.know({**scale(), "version": "1.1.0", "title": said("两题问卷（修订）")})
    filler.record("scale", {"a": 1, "b": 1})
    assert "不是同一个版本" in filler.texts(compare(filler))


def test_where_there_is_nothing_to_compare_nothing_is_offered(filler: Filler) -> None:
    filler.record("visit", {"way": 1})
    assert "对比两次填写" not in [one.text() for one in filler.page.findChildren(QPushButton)]
