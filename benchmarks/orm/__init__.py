"""The same purchase the way that an ordinary team writes it: Litestar, SQLAlchemy's ORM on asyncpg, one session and one
commit per request. The product's purchases are compared with it.

It does what the product does: the same tables, rows, keys, checks, rules, seals and answers, a repeated reference told
its first answer, the balance locked. The bench proves that before it loads anything (``rehearsal.py``).

What it sends to PostgreSQL for one purchase, in one transaction:

1. BEGIN
2. SELECT the API key joined with its program (documents are read once per version and kept in process)
3. SELECT the claim of the reference
4. SELECT identifier, member and balance joined, FOR UPDATE of the balance
5. SELECT the tier, with the sum of the days that entered or left its window
6. INSERT the day of the tier, ON CONFLICT add to it
7. UPDATE the balance, 8. INSERT the lot, 9. UPDATE the tier, 10. INSERT the event, 11. INSERT the purchase,
   12. INSERT the claim, 13. INSERT the transfer (and of a tier that moved, its move), all from one flush
14. COMMIT

What was done so that it is not slowed down by what has nothing to do with the ORM:

- It decodes, decides, seals and encodes with the product's own functions, and JSON passes SQLAlchemy as it is.
- Look-ups are joined where one statement can do the work of several; the dearest statements are composed once.
- No autoflush, nothing expires on commit, no relationships that load by themselves, no default values to fetch back.
- The collector is tuned as the product's. No logging, no OpenAPI, no middleware.
- As many processes as the product has; uvloop; a pool of 32 connections in each (8 and 16 served a tenth fewer
  purchases from one).
- Granian serves it, because uvicorn (0.54, httptools and uvloop) took 5 to 10 % more CPU and served a fifth fewer.
"""
