"""What every table is made from."""

from typing import Any, ClassVar

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """What all tables share: one catalogue of their own, with predictable names for constraints."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)
    __table_args__: ClassVar[Any] = ()


def table_of(model: type[Row]) -> Table:
    """The form in which statements name it."""
    return Row.metadata.tables[str(model.__tablename__)]
