"""One catalogue of sentences per language: the same keys and placeholders, and a phrase for every word of the rules."""

from __future__ import annotations

import ast
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from string import Formatter

import pytest

from loyalty_api.domain.earning import rules, words
from loyalty_api.domain.earning.explain_gates import GATES
from loyalty_api.domain.earning.phrases import ENGLISH, LANGUAGES, PHRASES
from loyalty_api.domain.earning.speech import speech_of
from loyalty_api.domain.lifecycle.history_phrases import HISTORY
from loyalty_api.domain.programs.document import RULE_KINDS, EarningBase
from loyalty_api.domain.rewards.hindrances import HINDRANCES
from tests.architecture.source import SOURCE, modules, tree

LIMITS = (words.PER_PURCHASE, words.PER_MEMBER, words.BUDGET, words.EARNED)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def hindrances() -> set[str]:
    """Every word that ``hindrance`` may answer."""
    function = next(node for node in tree(SOURCE / "domain/earning/rules.py").body if _named(node, "hindrance"))
    answers = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return {node.value for node in answers if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _named(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


@pytest.mark.parametrize("catalogue", [PHRASES, HISTORY, HINDRANCES], ids=["earning", "history", "hindrances"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_phrases_with_the_same_placeholders(
    catalogue: dict[str, dict[str, str]], language: str
) -> None:
    assert set(catalogue) == set(LANGUAGES)
    assert {key: placeholders(text) for key, text in catalogue[language].items()} == {
        key: placeholders(text) for key, text in catalogue["en"].items()
    }
    assert all(catalogue[language].values())


def test_every_word_that_hinders_a_rule_has_its_gate_and_its_phrases() -> None:
    assert hindrances() == set(GATES)
    for word in GATES:
        assert f"gate.{word}" in ENGLISH
        assert f"unfired.{word}" in ENGLISH or {f"unfired.{word}.from", f"unfired.{word}.until"} <= set(ENGLISH)


def test_every_kind_limit_stacking_rounding_and_part_of_the_base_has_its_phrases() -> None:
    for kind in RULE_KINDS:
        assert {f"effect.{kind}", f"because.{kind}"} <= set(ENGLISH)
    for limit in LIMITS:
        assert {f"limited.{limit}", f"step.limited.{limit}"} <= set(ENGLISH)
    for room in LIMITS[1:]:
        assert f"unfired.{room}" in ENGLISH
    for stacking in ("exclusive", "last"):
        assert f"unfired.{stacking}" in ENGLISH
    for rounding in rules._ROUNDINGS:
        assert f"rounded.{rounding}" in ENGLISH
    assert {f"left_out.{kind}" for kind in ("shipping", "gift_card", "tax")} <= set(ENGLISH)
    assert set(EarningBase.__annotations__) == {"tax", "shipping", "gift_cards", "paid_with_points"}


def test_no_phrase_lies_idle_and_none_is_missing() -> None:
    source = "\n".join(path.read_text() for module, path in modules("domain.earning") if "phrases" not in module)
    exact = set(re.findall(r'"([a-z_.]+)"', source))
    made = [re.escape(text).replace("GAP", r"[\w.]+") for text in _made_phrases(source)]
    for key in ENGLISH:
        assert key in exact or any(re.fullmatch(pattern, key) for pattern in made), key


def _made_phrases(source: str) -> list[str]:
    """The keys that are put together, such as ``unfired.{limit}``."""
    return [re.sub(r"\{[^}]+\}", "GAP", text) for text in re.findall(r'f"([a-z_.]*\{[^}"]+\})"', source)]


def test_numbers_money_and_dates_are_written_as_each_language_does() -> None:
    english, german = speech_of("en", "EUR"), speech_of("de", "EUR")
    assert (english.money(123_456_789), german.money(123_456_789)) == ("1234567.89", "1.234.567,89")
    assert (english.money(-5), german.money(-5)) == ("-0.05", "-0,05")
    assert (speech_of("en", "JPY").money(1390), speech_of("de", "JPY").money(1390)) == ("1390", "1.390")
    assert (english.day(date(2026, 3, 2)), german.day(date(2026, 3, 2))) == ("2026-03-02", "02.03.2026")
    assert (english.weekdays([4, 0]), german.weekdays([4, 0])) == ("mon, fri", "Mo, Fr")
    assert (english.points(1), german.points(1)) == ("1 point", "1 Punkt")
    assert (english.points(Decimal("2.50")), german.points(Decimal("2.50"))) == ("2.5 points", "2,5 Punkte")


def test_numbers_keep_every_digit() -> None:
    long = Fraction(10**15 * 10**6 + 1, 10**6) * Fraction("1.000001") * Fraction("0.000001")
    assert Fraction(speech_of("en", "EUR").number(long)) == long
