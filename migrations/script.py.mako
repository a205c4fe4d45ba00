"""${message}"""

from loyalty_api.kernel.schema import grant, member_table

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """${message}"""
