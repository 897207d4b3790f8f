"""A bar for work of known length, on a terminal only."""

import sys

BAR_WIDTH = 30


def progress_bar(what):
    """A function of the numbers done and in total that draws a bar on standard error; `None` where nobody watches.

    Args:
        what: what is being done, in a word.

    Example:

    >>> progress_bar("reading")  # standard error is no terminal here
    """
    if not sys.stderr.isatty():
        return None

    def draw(done, total):
        if done % (total // 200 + 1) and done < total:
            return
        filled = BAR_WIDTH * done // max(total, 1)
        end = "\n" if done == total else ""
        bar = f"\r{what} [{'=' * filled}{' ' * (BAR_WIDTH - filled)}] {done} of {total}{end}"
        print(bar, end="", file=sys.stderr, flush=True)

    return draw
