"""Codes of phones: signed by the newest secret, read by all of them, and by no other key."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from loyalty_api.domain.access.card_code import CardCode, code_keys, make_code, read_code
from loyalty_api.domain.access.signer import Signer

NOW = datetime(2026, 3, 2, 12, 0, 0, 999_999, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
NIL = UUID(int=0)


@given(st.uuids(), st.uuids())
def test_a_code_says_whose_it_is_and_when_it_was_made_in_a_small_qr_code(program_id, member_id) -> None:
    keys = code_keys([NEW])
    code = make_code(keys, program_id=program_id, member_id=member_id, now=NOW)
    assert read_code(keys, code, program_id=program_id) == CardCode(member_id, NOW.replace(microsecond=0))
    assert len(code) == 48


@given(st.uuids(), st.uuids(), st.uuids())
def test_a_secret_is_replaced_without_refusing_what_was_just_shown(program_id, member_id, other_id) -> None:
    code = make_code(code_keys([OLD]), program_id=program_id, member_id=member_id, now=NOW)
    assert read_code(code_keys([NEW, OLD]), code, program_id=program_id) is not None
    assert read_code(code_keys([NEW]), code, program_id=program_id) is None
    assert read_code((OLD,), code, program_id=program_id) is None
    assert (other_id == program_id) or read_code(code_keys([OLD]), code, program_id=other_id) is None


@given(st.text(max_size=60))
def test_no_text_is_a_code(text: str) -> None:
    assert read_code(code_keys([NEW]), text, program_id=NIL) is None


def test_without_a_secret_no_code_is_signed() -> None:
    assert Signer([]).code_keys == ()
