"""What one purchase costs, and what that is worth: ``python -m benchmarks``.

Three do the same work and take turns on one PostgreSQL (fsync on), so that whatever else the machine does falls on
all of them: the product (``loyalty serve``), the same written with an ORM (``orm/``), and PostgreSQL alone
(``postgres/``), which bounds what one purchase per transaction can do. That they leave the same rows is proved first
(``rehearsal.py``). Both servers run a process for each core. Beside them: one busy member, two million purchases in
the tables, ten thousand entries of a member.

CPU is the operating system's, of process trees; the load generator's and pgbench's are counted apart. Everything
listens on loopback or a socket only, and nothing is left behind but ``build/bench.json``.
"""
