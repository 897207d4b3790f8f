"""One thing that is asked about a picture in a file of the user's, in one or several wordings."""

import dataclasses

from kmm.data.files.mask_spec import MaskSpec
from kmm.preprocessing.clean_prompts import MAX_PROMPT_BYTES

DEFAULT_KIND, ABSENT = "phrase", "absent"


@dataclasses.dataclass(frozen=True, slots=True)
class FilePhrase:
    """Texts that mean the same, and the mask of what they name.

    Any text goes that has at least one character beside spaces: right-to-left scripts, emoji, control characters (which
    count as spaces later). What is longer than a tokenizer reads is refused rather than cut off.

    Args:
        texts: the wordings, raw strings of at most 4,096 bytes in UTF-8.
        mask: a `MaskSpec`, or `None` if the texts name nothing that is in the picture.
        kind: what the texts ask for, such as "relation"; scores are reported for each kind. `None` stands for "phrase",
            and for "absent" without a mask.
        where: file and line, for messages.

    Raises:
        TypeError: if a text or the kind is no string.
        ValueError: if there is no text, or one is blank, too long, or no valid Unicode.

    Example:

    >>> FilePhrase(("the red car", "red car"), None).kind
    'absent'
    """

    texts: tuple[str, ...]
    mask: MaskSpec | None
    kind: str | None = None
    where: str = ""

    def __post_init__(self):
        if self.kind is None:
            object.__setattr__(self, "kind", ABSENT if self.mask is None else DEFAULT_KIND)
        if not self.texts:
            raise ValueError("A phrase needs at least one text. Received: none. Write one, or leave the phrase out.")
        for text in (*self.texts, self.kind):
            if not isinstance(text, str):
                raise TypeError(f"A prompt and its kind must be texts. Received: {text!r:.80}. Put them in quotes.")
            if not text.strip():
                raise ValueError(f"A prompt and its kind must not be blank. Received: {text!r:.80}. Leave the row out.")
            _check_bytes(text)


def _check_bytes(text):
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError(
            f"A prompt must be valid Unicode. Received: {text!r:.80} ({error.reason}). Correct the character "
            f"at position {error.start}."
        ) from None
    if length > MAX_PROMPT_BYTES:
        raise ValueError(
            f"A prompt must have at most {MAX_PROMPT_BYTES} bytes, as later ones would never be read. "
            f"Received: {length} bytes, {text!r:.60}... Shorten it."
        )
