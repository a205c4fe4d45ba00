"""The member's card for the till: their number as a QR code and as a barcode, and a code for once, drawn here."""

from __future__ import annotations

import io
import re
from datetime import datetime

import segno
import strawberry
from barcode.codex import Code128

from loyalty_api.domain.access.card_code import KIND, code_ends, make_code
from loyalty_api.graphql.phones import Request

_QUIET, _HEIGHT = 10, 60  # in widths of the thinnest bar


@strawberry.type(description="Stands for the member for a minute, so that a picture of it is soon worth nothing.")
class CardCode:
    """Signed here; a till sends it as an identifier."""

    value: str = strawberry.field(description="The code as a till sends it as an identifier: `code:…`.")
    expires_at: datetime = strawberry.field(description="When to show the next one; a till takes this a minute longer.")

    @strawberry.field(description="The code as a QR code: an SVG image.")
    def qr(self) -> str:
        """The image."""
        return draw_qr(self.value)


@strawberry.type(description="What the member shows at the till.")
class Card:
    """Drawn as SVG, with nothing to load."""

    number: strawberry.Private[str]
    code: CardCode | None = strawberry.field(
        description="A code for the next minute, safer to show than the number; null: the service signs none."
    )

    @strawberry.field(description="The member's number as a QR code: an SVG image.")
    def qr(self) -> str:
        """The image."""
        return draw_qr(f"number:{self.number}")

    @strawberry.field(description="The member's number as a Code 128 barcode: an SVG image; null: it cannot be one.")
    def barcode(self) -> str | None:
        """The image."""
        return draw_barcode(self.number)


async def member_card(request: Request) -> Card:
    """The card of the member's number, with a code that is made now."""
    program, now = await request.present()
    code = None
    if program.code_keys:
        value = make_code(program.code_keys, program_id=program.id, member_id=request.who.member_id, now=now)
        code = CardCode(value=f"{KIND}:{value}", expires_at=code_ends(now))
    return Card(number=(await request.member()).number, code=code)


def draw_qr(text: str) -> str:
    """A QR code of a text as SVG."""
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, scale=4)
    return drawn.getvalue().decode()


def draw_barcode(text: str) -> str | None:
    """Code 128 of a text as SVG; None for what it cannot write."""
    if not text or not all(" " <= each <= "~" for each in text):
        return None
    modules = Code128(text).build()[0]  # 1: a bar, 0: a gap
    bars = "".join(
        f"M{_QUIET + bar.start()} 0h{len(bar[0])}v{_HEIGHT}h-{len(bar[0])}z" for bar in re.finditer("1+", modules)
    )
    size = f'viewBox="0 0 {len(modules) + 2 * _QUIET} {_HEIGHT}" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><path d="{bars}"/></svg>'
