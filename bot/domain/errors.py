"""Errors that a person can act on: each names the object, what happened and the remedy."""


class TaalbrugError(Exception):
    """Something the user or operator can mend; the message says what and how."""


class ConfigError(TaalbrugError):
    """The configuration cannot be used; names the file, the key, the value and the remedy."""


class StorageError(TaalbrugError):
    """The database cannot be used as it is, for example because a newer program wrote it."""


class ImportRowError(TaalbrugError):
    """A row of an imported file cannot be taken; names the line, the value and the remedy."""


class TransitionError(TaalbrugError):
    """The object is not in a state in which this can be done; nothing was changed."""


class NotFoundError(TaalbrugError):
    """The object does not exist (any more) or is not for this person."""
