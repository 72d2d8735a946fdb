"""Everything about one person in one document: the rows of the database, and the previews of the outbox."""

from typing import Any

from amends.bootstrap import opened_store
from amends.erasing import Unknown, previews_of, whom
from amends.settings import Settings


def export_person(settings: Settings, name: str) -> dict[str, Any]:
    """Raises Unknown, and UsageError if several customers have that name."""
    with opened_store(settings) as store:
        person = whom(store, name)
        if person is None:
            known = store.erasure_of(name)
            raise Unknown(
                f"{name} was erased on {known.erased_at:%Y-%m-%d %H:%M} UTC; there is nothing to export"
                if known
                else f"nobody here is known as {name}; name a customer by the id, an e-mail address or a number"
            )
        document = store.everything_of(person)
    effects = {row["id"] for row in document.get("effects", ())}
    previews = previews_of(settings, effects)
    document["previews"] = [
        {"file": str(file), "content": file.read_bytes().decode("utf-8", "replace")} for file in previews
    ]
    return document
