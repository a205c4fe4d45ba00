"""Cycles that nobody looks for while there is work, and that are found behind it."""

from __future__ import annotations

import gc

import pytest

from loyalty_api.kernel.garbage import cycles_left_for_later


def test_cycles_are_looked_for_again_behind_the_work_also_where_it_fails() -> None:
    assert gc.isenabled()
    with cycles_left_for_later():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ArithmeticError), cycles_left_for_later():
        raise ArithmeticError
    assert gc.isenabled()


def test_of_works_that_overlap_in_any_order_none_leaves_it_off() -> None:
    for first_ends_first in (True, False):
        works = [cycles_left_for_later(), cycles_left_for_later()]
        for work in works:
            work.__enter__()
        for work in works if first_ends_first else reversed(works):
            work.__exit__(None, None, None)
        assert gc.isenabled()


def test_where_nobody_looked_before_nobody_does_behind_it() -> None:
    gc.disable()
    try:
        with cycles_left_for_later():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
