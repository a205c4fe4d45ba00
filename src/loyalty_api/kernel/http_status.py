"""The HTTP status of each kind of refusal: the one total mapping, for every door that speaks HTTP."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Kind

STATUS: dict[Kind, int] = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.STALE: 412,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.INVALID: 422,
    Kind.UNCONDITIONAL: 428,
    Kind.BUSY: 503,
}
