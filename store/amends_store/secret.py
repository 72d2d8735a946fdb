"""The secret of this installation: hashes of keys and bodies that nobody can guess backwards."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from amends_store.statements import insert_new
from amends_store.tables import meta

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to mistake on the telephone


@dataclass(frozen=True, slots=True)
class Secret:
    """Made once for each database; a backup holds it, so a restored database still knows every key."""

    _key: bytes = field(repr=False)

    def hash(self, *parts: str | bytes) -> str:
        """40 hex digits; ("a", "bc") and ("ab", "c") differ."""
        digest = hashlib.blake2b(key=self._key, digest_size=20)
        for part in parts:
            content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            digest.update(len(content).to_bytes(8, "big"))
            digest.update(content)
        return digest.hexdigest()

    def code(self, *parts: str) -> str:
        """12 letters and digits, 60 bits, in groups of four; the same parts give the same code."""
        number = int(self.hash("code", *parts), 16)
        marks = "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(12))
        return f"{marks[:4]}-{marks[4:8]}-{marks[8:]}"


def installation_secret(connection: Connection, random_bytes: Callable[[int], bytes]) -> Secret:
    insert_new(connection, meta, [{"name": "secret", "value": random_bytes(32).hex()}])
    value: str = connection.execute(select(meta.c.value).where(meta.c.name == "secret")).scalar_one()
    return Secret(bytes.fromhex(value))
