"""Who was erased."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from amends_store.columns import UtcTime
from amends_store.tables.rows import Row, table_of


class ErasureRow(Row, table=True):
    """A name of a person who was erased: the id, an address, a number; all of one person share customer_hash.

    Both hashes are keyed, so the row tells nothing to whoever does not have the installation's secret.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index(None, "customer_hash"),)

    name_hash: str = Field(primary_key=True)
    customer_hash: str
    erased_at: datetime = Field(sa_type=UtcTime)


erasures = table_of(ErasureRow)
