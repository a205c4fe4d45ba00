"""What any product could stand on: database, group commit, outbox, refusals, clock, ids, paging, money.

No loyalty word in here, and no import from above. Table owned: ``outbox``.
"""
