"""The secret of this installation: hashes of keys and bodies that nobody can guess backwards."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from amends_engine.voucher_codes import RANDOM_BYTES
from amends_store.statements import insert_new
from amends_store.tables import meta


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

    def random(self, *parts: str) -> bytes:
        """16 bytes that nobody without the key can tell; the same parts give the same ones."""
        return bytes.fromhex(self.hash("code", *parts))[:RANDOM_BYTES]


def installation_secret(connection: Connection, random_bytes: Callable[[int], bytes]) -> Secret:
    insert_new(connection, meta, [{"name": "secret", "value": random_bytes(32).hex()}])
    value: str = connection.execute(select(meta.c.value).where(meta.c.name == "secret")).scalar_one()
    return Secret(bytes.fromhex(value))
