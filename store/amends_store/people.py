"""People: whom an id, an address or a number means, and by which words the texts of others may tell of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, func, select, text, type_coerce

from amends_store.codec import write_json
from amends_store.secret import Secret
from amends_store.statements import select_in
from amends_store.tables import customer_attributes, customers, erasures, past_attributes

_ADDRESS = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+\.[^\s@<>\"',;]+\Z")
_NUMBER = re.compile(r"\+?[0-9][0-9 ()./-]{5,}[0-9]\Z")
_TELLING_ID = re.compile(r"(?=.{6})(?=.*[A-Za-z])(?:.*[0-9]){3}")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer. names: words that mean this customer and nobody else, the id among them if it is long enough."""

    customer_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a name was erased, and when."""

    name_hash: str
    customer_hash: str
    erased_at: datetime


PREFIX = "erased-"


def pseudonym(secret: Secret, customer_id: str) -> str:
    """What stands for an erased customer in rows that stay."""
    return PREFIX + secret.hash("customer", customer_id)


def is_pseudonym(customer_id: str) -> bool:
    return customer_id.startswith(PREFIX)


def hash_of(secret: Secret, name: str) -> str:
    return secret.hash("person", _normal(name))


def _normal(name: str) -> str:
    """The same for two spellings of one address or number."""
    bare = name.strip()
    if _NUMBER.match(bare):
        return "".join(filter(str.isdigit, bare)).lstrip("0")
    return bare.casefold()


def is_contact(name: str) -> bool:
    """Whether it is an address or a number, by which a person can be named."""
    return bool(_ADDRESS.match(name) or _NUMBER.match(name))


def find(connection: Connection, name: str) -> list[str]:
    """The ids of the customers that it means: the one with that id, else those of whom a source says it."""
    exact = connection.execute(select(customers.c.id).where(customers.c.id == name)).scalars().all()
    if exact:
        return list(exact)
    alike = select(customers.c.id).where(func.lower(customers.c.id) == name.strip().lower()).limit(10)
    found = set(connection.execute(alike).scalars())
    if is_contact(name.strip()):
        found |= {customer for customer, _ in _said(connection, name)}
    return sorted(found)


def _said(connection: Connection, name: str) -> Iterable[tuple[str, str]]:
    """Customers of whom a source says or said the same address or number, each with its spelling."""
    normal = _normal(name)
    # of a number its last digits: it may be written in groups
    part = write_json(normal)[1:-1] if _ADDRESS.match(name.strip()) else normal[-2:]
    for table in (customer_attributes, past_attributes):
        plain = type_coerce(table.c.value, Text)
        query = select(table.c.customer_id, table.c.value).where(func.lower(plain).contains(part, autoescape=True))
        for row in connection.execute(query):
            if isinstance(row.value, str) and _normal(row.value) == normal:
                yield row.customer_id, row.value


def person_of(connection: Connection, customer_id: str) -> Person:
    names = {value for value in _contacts(connection, customer_id) if not _is_shared(connection, customer_id, value)}
    if _TELLING_ID.match(customer_id) or _ADDRESS.match(customer_id):
        names.add(customer_id)
    return Person(customer_id, tuple(sorted(names)))


def _contacts(connection: Connection, customer_id: str) -> set[str]:
    rows: list[Any] = []
    for table in (customer_attributes, past_attributes):
        rows += connection.execute(select(table.c.value).where(table.c.customer_id == customer_id)).scalars()
    return {value for value in rows if isinstance(value, str) and is_contact(value)}


def _is_shared(connection: Connection, customer_id: str, name: str) -> bool:
    return any(other != customer_id for other, _ in _said(connection, name))


def erasure_of(connection: Connection, secret: Secret, name: str) -> Erasure | None:
    """When a person of that name was erased; None for one who never was."""
    query = select(erasures).where(erasures.c.name_hash == hash_of(secret, name))
    row = connection.execute(query).one_or_none()
    return None if row is None else Erasure(row.name_hash, row.customer_hash, row.erased_at)


def erased_customers(connection: Connection, secret: Secret, customer_ids: Iterable[str]) -> dict[str, datetime]:
    """Of these customers those who were erased, and when; nobody is erased meanwhile."""
    if connection.dialect.name == "postgresql":  # an erasure may be about to commit
        connection.execute(text("LOCK TABLE erasures IN ROW SHARE MODE"))
    if connection.execute(select(erasures.c.name_hash).limit(1)).scalar() is None:
        return {}
    hashes = {secret.hash("customer", customer): customer for customer in customer_ids}
    query = select(erasures.c.customer_hash, erasures.c.erased_at)
    rows = select_in(connection, query, erasures.c.customer_hash, sorted(hashes))
    return {hashes[row.customer_hash]: row.erased_at for row in rows}


def erasures_in(connection: Connection) -> list[Erasure]:
    query = select(erasures).order_by(erasures.c.erased_at, erasures.c.name_hash)
    return [Erasure(row.name_hash, row.customer_hash, row.erased_at) for row in connection.execute(query)]
