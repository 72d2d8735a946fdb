"""What the store refuses, each with one sentence for a person.

StoreError
├── CannotOpen      the database cannot be reached, or its address cannot be read
├── UnsafeSettings  the database would not keep what it confirms
├── NewerSchema     the tables were made by a newer program
├── CannotCommit    nothing can be written at the moment: a full disk, a lock that somebody else holds, a lost server
├── DatabaseTrouble the outside stopped it: a full disk, a lock, damage, a lost connection (troubles.py)
├── CannotBackUp    a backup cannot be written or put back (backing_up.py)
├── IllegalMove     a caller asked for a change of state that no effect may make
└── NotThere        what a caller named is not in the database
"""


class StoreError(Exception):
    """The text is one sentence and holds no password."""


class CannotOpen(StoreError):
    pass


class UnsafeSettings(StoreError):
    pass


class NewerSchema(StoreError):
    pass


class CannotCommit(StoreError):
    pass


class IllegalMove(StoreError):
    pass


class NotThere(StoreError):
    pass
