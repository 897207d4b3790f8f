"""What a served model says of each row: `OK`, or a code, a colon and a sentence."""

OK = "OK"
NO_IMAGE = "NO_IMAGE: a row needs the bytes of a JPEG or PNG file. Received none."
NOT_AN_IMAGE = "NOT_AN_IMAGE: a picture must be a JPEG or PNG file. Its first bytes say it is neither. Convert it."
DAMAGED = "DAMAGED: the file begins as a JPEG or PNG file and cannot be decoded. Send the whole, undamaged file."
TOO_MANY_SCANS = "TOO_MANY_SCANS: a JPEG file may be built up in at most 100 scans. Save it anew."
DAMAGED_SOUND = "DAMAGED_SOUND: sound must be a WAV file of 16-bit PCM. The bytes cannot be decoded. Convert it."


def too_many_bytes(max_bytes):
    """The status of a file that is too long.

    >>> too_many_bytes(10)
    'TOO_MANY_BYTES: a file must have at most 10 bytes. Make the picture smaller.'
    """
    return f"TOO_MANY_BYTES: a file must have at most {max_bytes} bytes. Make the picture smaller."


def too_many_pixels(max_pixels):
    """The status of a picture that is too large.

    >>> too_many_pixels(10)
    'TOO_MANY_PIXELS: a picture must have at most 10 pixels. Make it smaller.'
    """
    return f"TOO_MANY_PIXELS: a picture must have at most {max_pixels} pixels. Make it smaller."
