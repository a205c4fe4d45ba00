"""What the events add up to: figures of a program's members, purchases and points, and how they are worked out.

A ring of its own between the doors and the domain: it learns only from events, and nothing of the product reads what
it keeps but itself. Owns ``insight_members``, ``insight_receipts``, ``insight_days``, ``insight_months``,
``insight_program_days``, ``insight_tiers``, ``insight_notices``, ``insight_expiries``, ``insight_counts`` and
``insight_groups``, all of which can be made anew from the events. ``project.py`` writes
them; whoever reads goes by ``catalogue.py``.
"""
