"""What stands in a table for something that cannot be used."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry of an `EntrySource` that raises when its picture is asked for, and says nothing before.

    So `kmm.data.check_source` lists it among all others that are bad, and `kmm.data.skip_bad` leaves it out.

    Args:
        where: file and line, for messages.
        message: what is wrong.

    Example:

    >>> BadEntry("train.jsonl:17", "A row needs an `image`.").image
    Traceback (most recent call last):
        ...
    ValueError: A row needs an `image`.
    """

    where: str
    message: str

    @property
    def texts(self):
        """None that could be asked."""
        return ()

    @property
    def image(self):
        """Raises."""
        raise ValueError(self.message)
