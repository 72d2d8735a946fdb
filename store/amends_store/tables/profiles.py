"""What is known about customers, and about the other things that events name."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint
from sqlmodel import Field

from amends_store.columns import TaggedValue, UtcTime, row_number
from amends_store.tables.rows import Row, table_of


class CustomerRow(Row, table=True):
    __tablename__ = "customers"

    id: str = Field(primary_key=True)
    first_seen_at: datetime = Field(sa_type=UtcTime)


class CustomerAttributeRow(Row, table=True):
    """What one source says about one customer; which source counts is decided when facts are read."""

    __tablename__ = "customer_attributes"
    __table_args__ = (ForeignKeyConstraint(["customer_id"], ["customers.id"]),)

    customer_id: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: Any = Field(sa_column=Column(TaggedValue, nullable=False))
    seen_at: datetime = Field(sa_type=UtcTime)
    since_at: datetime | None = Field(default=None, sa_type=UtcTime)  # when it first said so; empty: at seen_at
    recorded_at: datetime | None = Field(default=None, sa_type=UtcTime)  # when we first heard it; empty: at seen_at
    was: Any = Field(sa_column=Column(TaggedValue, nullable=True))  # what it said before the present value


class PastAttributeRow(Row, table=True):
    """What a source said about a customer before it said something else; never changed."""

    __tablename__ = "past_attributes"
    __table_args__ = (ForeignKeyConstraint(["customer_id"], ["customers.id"]),)

    customer_id: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    since_at: datetime = Field(sa_type=UtcTime, primary_key=True)
    recorded_at: datetime = Field(sa_type=UtcTime)
    value: Any = Field(sa_column=Column(TaggedValue, nullable=False))


class AttributeChangeRow(Row, table=True):
    """A change that no rule has heard of yet; the row goes when it has become an event, or concerns no rule."""

    __tablename__ = "attribute_changes"
    __table_args__ = (ForeignKeyConstraint(["customer_id"], ["customers.id"]),)

    id: int | None = row_number()
    customer_id: str
    source: str
    name: str
    was: Any = Field(sa_column=Column(TaggedValue, nullable=False))
    value: Any = Field(sa_column=Column(TaggedValue, nullable=False))
    changed_at: datetime = Field(sa_type=UtcTime)
    depth: int


class EntityAttributeRow(Row, table=True):
    """What one source says about something besides the customer, such as a flight."""

    __tablename__ = "entity_attributes"

    entity: str = Field(primary_key=True)
    entity_id: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: Any = Field(sa_column=Column(TaggedValue, nullable=False))
    seen_at: datetime = Field(sa_type=UtcTime)


customers = table_of(CustomerRow)
customer_attributes = table_of(CustomerAttributeRow)
past_attributes = table_of(PastAttributeRow)
attribute_changes = table_of(AttributeChangeRow)
entity_attributes = table_of(EntityAttributeRow)
