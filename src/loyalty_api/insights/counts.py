"""How many people did what when: the counts that most figures of people are read from (pure).

Each person, a member together with everybody who was merged into them, counts for what follows from all that is kept
of them; a batch of events takes off what it changes and adds what is true behind it. So in whichever order things
come, late, twice, merged or parted again, the counts are those of the people as they stand.

Kinds, each of a day and a span of days, with the people of whom it is true:

``again``: bought on the day, and before that ``span`` days earlier; 0: never before. Whoever bought between two days
has exactly one first day of buying among them, whose day before lies outside: so the rows of any stretch of days tell
how many people bought in it, how many of them had bought in the one before, and who had stayed away for how long.
``second``: the first purchase was on the day, the second ``span`` days later; NOT_YET: there is none.
``cohort``: first bought in the month that begins on the day, and bought in the month ``span`` months later.
``enrolled``: on the day; ``label``: the store.
``step``: went on the day from one tier to another, ``label``: from>to, NONE: no member; an empty word: without a tier.
``moved``: the same, of the month or week that begins on the day: of its beginning and its end, where they differ;
``span``: MOVED_SPANS. Of a day, ``step`` tells it.
``away``: below and above zero: bought last on the day, and from ``span`` days later on not a member, or not so any
more; adding up by then, how many of those that bought last on a day are no members.
``here``: below and above zero: so many more are members from the day on; ``label``: the month of their first purchase,
an empty word: they have not bought.
``reactivated``: bought on the day, and before that more than ``span`` days earlier; ``lapsed``: bought ``span`` days
before, and not from then to the day; ``label``: the month of the first purchase. Of the usual window alone, which is
the span.
"""

from __future__ import annotations

from collections import defaultdict

AGAIN, SECOND, COHORT, ENROLLED, STEP, MOVED, AWAY = "again", "second", "cohort", "enrolled", "step", "moved", "away"
HERE, REACTIVATED, LAPSED = "here", "reactivated", "lapsed"
NOT_YET = -1
MOVED_SPANS = {"month": 0, "week": 7}
NONE = "none"  # the tier of who was no member then

Counts = defaultdict[tuple[str, int, int, str], int]  # by kind, ordinal of the day, span, label
