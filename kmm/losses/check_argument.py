"""The one form of error for arguments out of range."""


def check_argument(is_allowed, name, value, allowed, remedy):
    """Refuses an argument that is out of range.

    Args:
        is_allowed: whether the value is in range.
        name: name of the argument.
        value: what was given.
        allowed: what must hold, such as "finite and above 0".
        remedy: what to give instead, a sentence.

    Raises:
        ValueError: if the value is out of range.

    Example:

    >>> check_argument(0 <= 2.0, "gamma", 2.0, "not negative", "Use 2.0.")
    """
    if not is_allowed:
        raise ValueError(f"{name} must be {allowed}. Received: {name}={value}. {remedy}")
