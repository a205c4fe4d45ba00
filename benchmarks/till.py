"""A till that posts single purchases, for the checks before the load."""

from __future__ import annotations

import http.client

import msgspec


class Till:
    """Posts with one key to one server."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._address = host, port
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def post(self, purchase: dict) -> tuple[int, bytes]:
        """(status, body)"""
        connection = http.client.HTTPConnection(*self._address, timeout=10)
        try:
            connection.request("POST", "/v1/purchases", msgspec.json.encode(purchase), self._headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
