"""What webhooks go by: public addresses, pauses that grow, lanes that keep their order, signatures that hold."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from loyalty_api.domain.feed.queries import Place
from loyalty_api.domain.webhooks.address import is_public
from loyalty_api.domain.webhooks.delivery import Delivery
from loyalty_api.domain.webhooks.schedule import PAUSE_SECONDS_MAX, TRIED, pause_after
from loyalty_api.domain.webhooks.sign import signed_headers, write_secret
from loyalty_api.kernel.clock import now
from loyalty_api.worker.lanes import Lanes

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "::", "::1", "fc00::1", "fe80::1%eth0", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:a00:1", "64:ff9b::7f00:1", "2002:a00:1::", "2001:db8::1", "localhost", ""),
        *("::127.0.0.1", "::ffff:0:a00:1", "64:ff9b:1::a00:1", "fec0::1", "2001:0:7f00:1::1", "4000::1"),
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_known_however_it_hides(host: str) -> None:
    assert not is_public(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_public_internet_is_known(host: str) -> None:
    assert is_public(host)


def test_pauses_grow_to_six_hours_and_go_on_for_three_days() -> None:
    pauses = [pause_after(attempt, 0.5) for attempt in range(1, 40)]
    assert [pause.total_seconds() for pause in pauses[:4]] == [5, 15, 45, 135]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(seconds=PAUSE_SECONDS_MAX)
    tried = sum(1 for total in itertools.accumulate(pauses, initial=timedelta()) if total < TRIED)
    assert 15 <= tried <= 25


@given(attempts=st.integers(1, 10**6), chance=st.floats(0, 1), asked=st.none() | st.floats(0, 10**9))
def test_a_pause_has_its_jitter_and_a_receiver_only_lengthens_it(
    attempts: int, chance: float, asked: float | None
) -> None:
    plain, middle = pause_after(attempts, chance), pause_after(attempts, 0.5)
    assert abs(plain / middle - 1) <= 0.2 + 1e-6
    told = pause_after(attempts, chance, asked_seconds=asked)
    assert plain <= told <= max(plain, timedelta(seconds=PAUSE_SECONDS_MAX))


@given(body=st.binary(), secret=st.binary(min_size=24, max_size=64))
def test_the_public_library_makes_the_same_signature(body: bytes, secret: bytes) -> None:
    text = body.decode("utf-8", "replace")
    headers = signed_headers("event.kind", 1_700_000_000, text.encode(), [secret, b"another"])
    told = Webhook(write_secret(secret)).sign("event.kind", datetime.fromtimestamp(1_700_000_000, UTC), text)
    assert headers["webhook-signature"].split(" ")[0] == told
    fresh = signed_headers("event.kind", int(now().timestamp()), text.encode(), [b"another", secret])
    Webhook(write_secret(secret)).verify(text, fresh, json_parse=False)


@given(
    members=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    choices=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=400),
)
def test_whatever_fails_each_members_events_are_through_in_their_order(
    members: list[int], choices: list[tuple[int, bool]]
) -> None:
    """Several are under way; any of them ends next, well or badly; time passes until the next is due."""
    lanes, through, under_way, present = Lanes(), [], [], AT
    for number, member in enumerate(members):
        lanes.add(_delivery(number, member))
    steps = iter(choices)
    while lanes.size:
        while len(under_way) < 3 and (ready := lanes.next(present)) is not None:
            under_way.append(ready)
        subjects = [each.subject for each in under_way]
        assert len(subjects) == len(set(subjects)), "two of a member are under way"
        if not under_way:
            due = lanes.due_at()
            assert due is not None, "something is left, and nothing will ever be sent"
            present = due
            continue
        which, good = next(steps, (0, True))
        ended = under_way.pop(which % len(under_way))
        if good:
            ended.next_attempt_at = None
            lanes.done(ended)
            through.append(ended)
        else:
            ended.next_attempt_at = present + timedelta(seconds=1)
            lanes.put_off(ended)
    for member in set(members):
        mine = [each.place.position for each in through if each.subject == UUID(int=member)]
        assert mine == [number for number, whose in enumerate(members) if whose == member]


def _delivery(number: int, member: int) -> Delivery:
    return Delivery(
        place=Place(number, 0), event_id=str(number), type="x", subject=UUID(int=member), body=b"{}", read_at=AT
    )
