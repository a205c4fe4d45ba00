"""Every sentence about a movement of points, and of notices, in every language: one catalogue each, with the same keys
and placeholders.

A translator adds a language here and in ``earning/phrases.py``, whose points, numbers and dates these are made of.
"""

from __future__ import annotations

ENGLISH = {
    "earn.purchase": "{points} for purchase {name}",
    "earn.engagement": "{points} for {name}",
    "earn": "{points} earned",
    "mature": "{points} became available",
    "expire": "{points} expired",
    "debt_paid": "{points} paid what was owed",
    "return": "{points} taken back for a return",
    "give_back": "{points} given back for a return",
    "redeem.redemption": "{points} spent on {name}",
    "redeem": "{points} spent",
    "reserve.redemption": "{points} set aside for {name}",
    "reserve": "{points} set aside",
    "release.redemption": "{points} free again: {name} was not taken",
    "release": "{points} free again",
    "adjust": "{points} adjusted: {reason}",
    "reverse": "{points} adjusted back: {reason}",
    "import": "{points} brought along as the opening balance",
    "merge": "{points} moved with a merged membership",
    "move": "{points} moved",
    "other": "{points} moved",
    "no_reason": "by the staff",
    "notice.expiring": "{points} expire at the end of {day}",
    "notice.tier_reached": "You reached {name}",
    "notice.tier_lowered": "Your tier is {name} now",
    "notice.reward": "{name} is in reach, for {points}",
}

GERMAN = {
    "earn.purchase": "{points} für Einkauf {name}",
    "earn.engagement": "{points} für {name}",
    "earn": "{points} gesammelt",
    "mature": "{points} jetzt verfügbar",
    "expire": "{points} verfallen",
    "debt_paid": "{points} mit Schulden verrechnet",
    "return": "{points} wegen Rückgabe abgezogen",
    "give_back": "{points} wegen Rückgabe gutgeschrieben",
    "redeem.redemption": "{points} eingelöst für {name}",
    "redeem": "{points} eingelöst",
    "reserve.redemption": "{points} vorgemerkt für {name}",
    "reserve": "{points} vorgemerkt",
    "release.redemption": "{points} wieder frei: {name} wurde nicht genommen",
    "release": "{points} wieder frei",
    "adjust": "{points} berichtigt: {reason}",
    "reverse": "{points} zurückberichtigt: {reason}",
    "import": "{points} als Anfangsbestand übernommen",
    "merge": "{points} bei der Zusammenlegung übertragen",
    "move": "{points} übertragen",
    "other": "{points} bewegt",
    "no_reason": "durch Mitarbeitende",
    "notice.expiring": "nur noch bis {day} gültig: {points}",
    "notice.tier_reached": "Neue Stufe erreicht: {name}",
    "notice.tier_lowered": "Die Stufe ist jetzt {name}",
    "notice.reward": "{name} ist erreicht, für {points}",
}

HISTORY = {"en": ENGLISH, "de": GERMAN}
