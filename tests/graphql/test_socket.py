"""The protocol over a WebSocket, to the letter; who is let in, who is put out, and what nonsense meets."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from websockets.exceptions import InvalidStatus

from loyalty_api.cli.local import LocalApi
from loyalty_api.domain.access.signer import Claims, Signer
from loyalty_api.graphql import socket
from loyalty_api.kernel.clock import now
from tests.make.live import POINTS, LivePhone
from tests.make.phone import Phone
from tests.make.shop import Shop

SECRET = "a secret of the tests and of nobody else"


@pytest.fixture
def phone(shop: Shop) -> Phone:
    """A member's phone."""
    return Phone.of(shop, shop.enrol())


@pytest.fixture
def url(phone: Phone) -> str:
    """Where the API is."""
    return str(phone.http.base_url)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "token"])
def test_the_token_comes_with_connection_init(phone: Phone, url: str, name: str) -> None:
    said = phone.token if name == "token" else f"Bearer {phone.token}"
    with LivePhone(url, {name: said}) as live:
        assert live.hear() == {"type": "connection_ack"}


def test_the_token_may_come_with_the_upgrade_instead(phone: Phone, url: str) -> None:
    with LivePhone(url, {}, additional_headers={"Authorization": f"Bearer {phone.token}"}) as live:
        assert live.hear() == {"type": "connection_ack"}


def test_tokens_that_are_not_good_are_refused(shop: Shop, phone: Phone, url: str) -> None:
    pair = shop.call("POST", f"/v1/members/{shop.enrol()['id']}/tokens").json()
    said = jwt.decode(phone.token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(phone.token)["kid"]
    forged = [
        "",
        "x",
        "é.é.é",
        "x" * 20_000,
        phone.token[:-3] + "AAA",
        jwt.encode(said, "0" * 48, algorithm="HS256", headers={"kid": kid}),
        jwt.encode(said, None, algorithm="none", headers={"kid": kid}),
        pair["refresh_token"],
        shop.key,
    ]
    for init in [{"token": each} for each in forged] + [{}, {"token": 1}, {"Authorization": f"Basic {phone.token}"}]:
        with LivePhone(url, init) as live:
            code, reason = live.closed()
            assert code == 4403, init
            assert reason, init


def test_the_legacy_protocol_is_refused(phone: Phone, url: str) -> None:
    for protocols in (("graphql-ws",), ()):
        with LivePhone(url, None, protocols=protocols) as live:
            assert live.closed()[0] == 4406


def test_other_addresses_take_no_websocket(url: str) -> None:
    with pytest.raises(InvalidStatus):
        LivePhone(url + "/elsewhere", None)


def test_who_begins_otherwise_or_twice_is_put_out(phone: Phone, url: str) -> None:
    begin = {"type": "connection_init", "payload": {"token": phone.token}}
    with LivePhone(url, None) as live:
        live.send({"type": "subscribe", "id": "1", "payload": {"query": POINTS}})
        assert live.closed()[0] == 4401
    with LivePhone.of(phone) as live:
        live.send(begin)
        assert live.closed()[0] == 4429
    with LivePhone.of(phone) as live:
        live.send({"type": "subscribe", "id": "1", "payload": {"query": POINTS}})
        live.send({"type": "subscribe", "id": "1", "payload": {"query": POINTS}})
        assert live.closed() == (4409, "Subscriber for 1 already exists")


def test_who_does_not_begin_in_time_is_put_out(url: str) -> None:
    with LivePhone(url, None) as live:
        live.send({"type": "ping"})
        assert live.hear() == {"type": "pong"}
        assert live.closed() == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type": "start", "id": "1"}',
        '{"type": "subscribe", "payload": {}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ viewer { number } }"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "complete", "id": "' + "x" * 200 + '"}',
        "[" * 100_000,
        "x" * 200_000,
        b"\x00\x01",
    ],
    ids=range(12),
)
def test_messages_that_the_protocol_does_not_know_end_the_connection(phone: Phone, nonsense: str | bytes) -> None:
    with LivePhone.of(phone) as live:
        live.send(nonsense)
        assert live.closed()[0] == 4400


def test_an_operation_that_is_refused_leaves_the_connection_as_it_is(phone: Phone) -> None:
    many = " ".join(f"a{number}: available" for number in range(1000))
    some = " ".join(f"a{number}: available" for number in range(31))
    deep = "{ __schema { types { " + "ofType { " * 60 + "name" + " }" * 60 + " } } }"
    with LivePhone.of(phone) as live:
        assert live.refused(f"subscription {{ pointsChanged {{ {many} }} }}") == "graphql.invalid"  # too many words
        assert live.refused(f"subscription {{ pointsChanged {{ {some} }} }}") == "graphql.beyond_limit"
        assert live.refused(deep) == "graphql.beyond_limit"
        assert live.refused("subscription { pointsChanged { nothing } }") == "graphql.invalid"
        assert live.refused("subscription {") == "graphql.invalid"
        assert live.refused("subscription { pointsChanged { available } tierChanged { code } }") == "graphql.invalid"
        assert live.refused('subscription { pointsChanged { expiring(within: "x") { at } } }') == "request.invalid"
        assert live.refused("subscription($a: Int!) { pointsChanged { available } }") == "graphql.invalid"
        assert live.refused(POINTS, operationName="Another") == "request.invalid"
        live.send({"type": "subscribe", "id": "x", "payload": {}})
        assert live.hear()["payload"][0]["extensions"]["code"] == "request.invalid"
        unknown = {"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}}
        live.send({"type": "subscribe", "id": "x", "payload": unknown})
        assert live.hear()["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        live.told(live.subscribe(POINTS))


def test_a_connection_has_so_many_operations_at_a_time(phone: Phone) -> None:
    with LivePhone.of(phone) as live:
        names = [live.subscribe(POINTS) for _ in range(socket.OPERATIONS_MAX)]
        assert {live.hear()["id"] for _ in names} == set(names)
        assert live.refused(POINTS) == "graphql.too_many_operations"
        live.send({"type": "complete", "id": names[0]})
        live.told(live.subscribe(POINTS))


def test_a_subscription_over_http_is_refused(phone: Phone) -> None:
    answer = phone.send(POINTS)
    assert answer.json()["code"] == "graphql.wrong_method"


def test_signing_out_ends_the_connection_at_once(shop: Shop, phone: Phone, url: str) -> None:
    with LivePhone.of(phone) as live:
        assert shop.http.post("/v1/tokens/revoke", json={"token": phone.token}).status_code == 204
        code, reason = live.closed()
        assert (code, reason) == (4403, "This sign-in was ended; sign in again.")
    with LivePhone(url, {"token": phone.token}) as live:
        assert live.closed()[0] == 4403


@pytest.mark.parametrize("verb", ["suspend", "close", "erase", "merge"])
def test_who_may_not_sign_in_any_more_is_put_out_at_once(shop: Shop, verb: str) -> None:
    member = shop.enrol()
    body = {"into": shop.enrol()["id"]} if verb == "merge" else None if verb == "erase" else {"reason": "a test"}
    with LivePhone.of(Phone.of(shop, member)) as live:
        live.subscribe(POINTS)
        live.told()
        done = shop.call("POST", f"/v1/members/{member['id']}/{verb}", body)
        assert done.status_code < 300, done.text
        assert live.closed()[0] == 4403


@pytest.fixture
def own_secret(monkeypatch: pytest.MonkeyPatch) -> Signer:
    """Signs tokens as an API does that is started now."""
    monkeypatch.setitem(os.environ, "LOYALTY_TOKEN_SECRETS", SECRET)
    return Signer([SECRET])


def test_a_token_that_runs_out_ends_the_connection(
    shop: Shop, own_secret: Signer, start_api: Callable[..., LocalApi], database_url: str
) -> None:
    api = start_api(database_url)
    member = shop.enrol()
    signed_in = shop.call("POST", f"/v1/members/{member['id']}/tokens").json()
    said = jwt.decode(signed_in["access_token"], options={"verify_signature": False})
    claims = Claims(
        use="access",
        program_id=UUID(said["program"]),
        member_id=UUID(said["sub"]),
        grant_id=UUID(said["grant"]),
        generation=0,
        expires_at=now() + timedelta(seconds=2),
    )
    with LivePhone(api.url, {"token": own_secret.sign(claims)}) as live:
        assert live.hear() == {"type": "connection_ack"}
        live.told(live.subscribe(POINTS))
        assert live.closed() == (4403, "This token has run out; connect again with a fresh one.")
    api.stop()
