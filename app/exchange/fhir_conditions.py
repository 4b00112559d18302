"""``enableWhen`` as a condition of ours."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.exchange.fhir_terms import Json
from app.exchange.known import Known
from app.exchange.report import Refusal
from app.exchange.tree import Binary, Call, Name, Node, Number, Text, Unary, joined

_SIGNS = {"=", "!=", ">", "<", ">=", "<="}
_ANSWERED = "answered"


def read_conditions(item: Json, known: Mapping[str, Known]) -> Node | None:
    """When an item is shown; None where it always is. Raises Refusal."""
    whens = item.get("enableWhen") or []
    if not whens:
        return None
    behaviour = item.get("enableBehavior")
    if len(whens) > 1 and behaviour not in {"all", "any"}:
        raise Refusal("exchange.no_behaviour")
    if behaviour != "all":
        return joined("or", [_atom(when, known) for when in whens])
    asked = {when.get("question") for when in whens if when.get("operator") == "exists" and when.get("answerBoolean")}
    unlike = {when.get("question") for when in whens if when.get("operator") == "!="}
    # "Answered, and not equal" is what "not equal" says by itself in ours.
    kept = [when for when in whens if when.get("operator") != "exists" or when.get("question") not in asked & unlike]
    return joined("and", [_atom(when, known, is_answered=when.get("question") in asked) for when in kept])


def _atom(when: Json, known: Mapping[str, Known], *, is_answered: bool = False) -> Node:
    question, sign = str(when.get("question")), str(when.get("operator"))
    item = known.get(question)
    if item is None:
        raise Refusal("exchange.unknown_question", question=question)
    answered = Call(_ANSWERED, (Name(item.id),))
    answer = next((value for name, value in when.items() if name.startswith("answer")), None)
    if sign == "exists":
        return answered if answer is True else Unary("not", answered)
    if sign not in _SIGNS:
        raise Refusal("exchange.unknown_operator", operator=sign)
    found = _compared(item, sign, answer)
    # Without an answer, "not equal" holds.
    return Binary("or", Unary("not", answered), found) if sign == "!=" and not is_answered else found


def _compared(item: Known, sign: str, answer: Any) -> Node:
    if item.kind in {"choice", "boolean", "multiple"}:
        value = Number(Decimal(option_value(item, answer)))
        if sign not in {"=", "!="}:
            raise Refusal("exchange.unknown_operator", operator=sign)
        if item.kind == "multiple":
            chosen = Call("chosen", (Name(item.id), value))
            return chosen if sign == "=" else Unary("not", chosen)
        return Binary(sign, Name(item.id), value)
    if item.kind == "number" and isinstance(quantity := _amount(answer), int | float):
        return Binary(sign, Name(item.id), Number(Decimal(str(quantity))))
    if item.kind == "text" and isinstance(answer, str) and sign in {"=", "!="}:
        return Binary(sign, Name(item.id), Text(answer))
    if item.kind == "truth" and isinstance(answer, bool) and sign == "=":
        return Name(item.id) if answer else Unary("not", Name(item.id))
    raise Refusal("exchange.condition_kind", question=item.id)


def _amount(answer: Any) -> Any:
    value = answer.get("value") if isinstance(answer, dict) else answer
    return None if isinstance(value, bool) else value


def option_value(item: Known, answer: Any) -> int:
    """Our value of an option as FHIR names it. Raises Refusal."""
    if item.kind == "boolean" and isinstance(answer, bool):
        return int(answer)
    for key in keys_of(answer):
        if key in item.values:
            return item.values[key]
    raise Refusal("exchange.unknown_option", question=item.id, option=keys_of(answer)[-1])


def keys_of(answer: Any) -> list[str]:
    """What an option is called: a coding by system and code, and by its code alone; anything else by itself."""
    if not isinstance(answer, dict):
        return [str(answer)]
    code, system = str(answer.get("code") or answer.get("display") or ""), str(answer.get("system") or "")
    return [f"{system}|{code}", code]
