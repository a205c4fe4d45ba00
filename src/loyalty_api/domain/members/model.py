"""Tables of the member. What of them is personal, ``lifecycle/personal_data.py`` lists."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from loyalty_api.kernel.database import metadata


def _by_prefix(name: str, column: str) -> Index:
    """An index that finds what begins with a text, whatever its case."""
    lower = func.lower(literal_column(column)).label("prefix")
    return Index(name, "program_id", lower, postgresql_ops={"prefix": "text_pattern_ops"})


members = Table(
    "members",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("store", Text),
    Column("enrolled_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    # Whose alias the member is, or which members are aliases of this one; empty: none. No alias has aliases.
    Column("merged_into", Uuid),
    Column("aliases", ARRAY(Uuid)),
    # Whom the member was ever merged into, undone or not: points of theirs may have ended there.
    Column("survivors", ARRAY(Uuid)),
    # suspended, closed, erased or merged; empty: active. The reason is what tills are told.
    Column("status", Text),
    Column("status_reason", Text),
    Index("members_merged_into_idx", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
)

# Every change of the status: who, when and why. The reason is emptied when the member is erased.
member_statuses = Table(
    "member_statuses",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("change_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("member_id", "change_id"),
)

# Every consent that was given or withdrawn; of each kind the latest decision holds.
member_consents = Table(
    "member_consents",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("consent_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("member_id", "consent_id"),
)

member_profiles = Table(
    "member_profiles",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("given_name", Text),
    Column("family_name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("birth_date", Date),
    Column("language", Text),
    Column("attributes", JSON, nullable=False),
    # Staff search by the beginning of a name or e-mail.
    _by_prefix("member_profiles_given_name_idx", "given_name"),
    _by_prefix("member_profiles_family_name_idx", "family_name"),
    _by_prefix("member_profiles_email_idx", "email"),
)

member_identifiers = Table(
    "member_identifiers",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("identifier_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("blocked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("member_id", "identifier_id"),
)

# The claim: unique across members, so keyed by the value itself and without a foreign key.
identifier_claims = Table(
    "identifier_claims",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("blocked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("program_id", "kind", "value"),
    # Staff search by the beginning of a number or card.
    _by_prefix("identifier_claims_value_idx", "value"),
)
