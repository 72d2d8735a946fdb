"""What the store refuses, each with one sentence for a person.

StoreError
├── CannotOpen      the database cannot be reached, or its address cannot be read
├── UnsafeSettings  the database would not keep what it confirms
├── NewerSchema     the tables were made by a newer program
└── IllegalMove     a caller asked for a change of state that no effect may make
"""


class StoreError(Exception):
    """The text is one sentence and holds no password."""


class CannotOpen(StoreError):
    pass


class UnsafeSettings(StoreError):
    pass


class NewerSchema(StoreError):
    pass


class IllegalMove(StoreError):
    pass
