"""The parts of a record from files and arrays: what every data set's `record` is made of."""

import io
import pathlib

import numpy as np
from PIL import Image

from kmm.data.record import NO_TARGET, Record
from kmm.preprocessing import decode_image, read_image
from kmm.preprocessing.read_image import ORIENTATION


def image_bytes(picture):
    """A picture as a record holds it: a JPEG or PNG file, 8 bits, RGB or grey, upright.

    A file that is so already keeps its own bytes, so that nothing is lost by compressing twice; everything else that
    `kmm.preprocessing.read_image` reads is turned upright and stored as an RGB PNG. Either way the bytes were decoded
    once, by the code that training uses.

    Args:
        picture: path of a file, or the bytes of one.

    Returns:
        bytes.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no picture, damaged or too large.

    Example:

    >>> grey = png_bytes(np.zeros((2, 3), "uint8"))
    >>> image_bytes(grey) == grey
    True
    """
    content = picture
    if not isinstance(picture, bytes):
        path = pathlib.Path(picture)
        if not path.is_file():
            raise FileNotFoundError(f"A picture must exist. Received: {path}. Complete the folder.")
        content = path.read_bytes()
    return content if _is_canonical(content) else png_bytes(read_image(picture))


def image_size(content):
    """`(height, width)` of the JPEG or PNG file in `content`, read from its header."""
    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
        return picture.height, picture.width


def png_bytes(pixels):
    """An array as the bytes of an 8-bit PNG file, without loss.

    Args:
        pixels: uint8 array, `(height, width)` for a mask or a grey picture, `(height, width, 3)` for RGB.

    Returns:
        bytes.

    Raises:
        TypeError: if `pixels` is not an array of uint8.
        ValueError: if it has another shape or no pixels.

    Example:

    >>> png_bytes(np.zeros((2, 3), "uint8"))[1:4]
    b'PNG'
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        kind = getattr(pixels, "dtype", type(pixels).__name__)
        raise TypeError(f"Pixels must be an array of uint8. Received: {kind}. Convert them with astype('uint8').")
    if pixels.shape[2:] not in ((), (3,)) or pixels.ndim < 2 or not pixels.size:
        raise ValueError(
            f"Pixels must have the shape (height, width) or (height, width, 3). Received: {pixels.shape}. Reshape them."
        )
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def box_of(mask):
    """The tightest box around all pixels of a mask but 0, as `Record.boxes` stores it.

    Args:
        mask: array `(height, width)`.

    Returns:
        `(top, left, bottom, right)` as shares of height and width in [0, 1], rounded to float32; zeros for no pixel.

    Example:

    >>> mask = np.zeros((4, 8), "uint8")
    >>> mask[1:3, 2:8] = 1
    >>> box_of(mask)
    (0.25, 0.25, 0.75, 1.0)
    """
    drawn = mask != 0
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not rows.size:
        return (0.0, 0.0, 0.0, 0.0)
    height, width = mask.shape
    corners = (rows[0] / height, columns[0] / width, (rows[-1] + 1) / height, (columns[-1] + 1) / width)
    return tuple(float(np.float32(corner)) for corner in corners)


def part_bytes(mask, box):
    """What lies in a box of a mask, as `Record.mask_bytes` stores it: a PNG file, of one pixel for no box."""
    height, width = mask.shape
    top, left, bottom, right = np.rint(np.multiply(box, (height, width) * 2)).astype(int)
    return png_bytes(mask[top : max(bottom, top + 1), left : max(right, left + 1)])


def referring_record(key, image_path, phrases, group="", position=0, **parts):
    """The record of a picture with phrases, each of which names a part of it or nothing that is in it.

    Args:
        key: unique within the split.
        image_path: path of the picture, or the bytes of its file.
        phrases: `(text, mask, kind)` triples. `mask` is a bool or uint8 array `(height, width)` of 0, 1 and 255 (does
            not count) at the upright picture's size, or `None` where the text names nothing. Texts that name the same
            thing share one array, which is then stored once.
        group, position: the video, scene or patient, and the place in it.
        **parts: further fields of `Record`, such as `audio_bytes`.

    Returns:
        `Record`.

    Raises:
        FileNotFoundError: if there is no such picture.
        TypeError: if a mask is not an array of bool or uint8.
        ValueError: if the picture does not decode, a text is no text, or a mask has another size or other values.

    Example:

    >>> car, picture = np.eye(2, dtype="uint8"), png_bytes(np.zeros((2, 2, 3), "uint8"))
    >>> phrases = [("a car", car, "name"), ("the red one", car, "colour"), ("a dog", None, "absent")]
    >>> record = referring_record("1", picture, phrases)
    >>> record.targets, len(record.mask_bytes), record.boxes
    ((0, 0, -1), 1, ((0.0, 0.0, 1.0, 1.0),))
    """
    phrases = list(phrases)
    content = image_bytes(image_path)
    size = image_size(content)
    place = f"record {key!r}"
    targets, masks, indices = [], [], {}
    for text, mask, _ in phrases:
        _check_text(text, place)
        if mask is None:
            targets.append(NO_TARGET)
            continue
        if id(mask) not in indices:
            indices[id(mask)] = len(masks)
            masks.append(_checked_mask(mask, size, place, values=(0, 1, 255)))
        targets.append(indices[id(mask)])
    boxes = tuple(box_of(mask) for mask in masks)
    return Record(
        key=key,
        image_bytes=content,
        prompts=tuple(text for text, _, _ in phrases),
        targets=tuple(targets),
        mask_bytes=tuple(part_bytes(mask, box) for mask, box in zip(masks, boxes, strict=True)),
        boxes=boxes,
        kinds=tuple(kind for _, _, kind in phrases),
        group=group,
        position=position,
        **parts,
    )


def semantic_record(key, image_path, ids, group="", position=0, **parts):
    """The record of a picture with a class id for every pixel.

    Args:
        key: unique within the split.
        image_path: path of the picture, or the bytes of its file.
        ids: uint8 array `(height, width)` of class ids at the upright picture's size; 255 does not count.
        group, position: the video, scene or patient, and the place in it.
        **parts: further fields of `Record`.

    Returns:
        `Record`.

    Raises:
        FileNotFoundError: if there is no such picture.
        TypeError: if `ids` are not an array of uint8.
        ValueError: if the picture does not decode or `ids` have another size.

    Example:

    >>> record = semantic_record("1", png_bytes(np.zeros((2, 2, 3), "uint8")), np.full((2, 2), 7, "uint8"))
    >>> record.prompts, len(record.mask_bytes)
    ((), 1)
    """
    content = image_bytes(image_path)
    ids = _checked_mask(ids, image_size(content), f"record {key!r}")
    return Record(
        key=key,
        image_bytes=content,
        mask_bytes=(png_bytes(ids),),
        boxes=((0.0, 0.0, 1.0, 1.0),),
        group=group,
        position=position,
        **parts,
    )


def _is_canonical(content):
    """Whether the file's own bytes may enter a record: judged by its header, then by decoding it as training does."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            is_plain = picture.mode in ("RGB", "L") and "transparency" not in picture.info
            is_upright = picture.getexif().get(ORIENTATION, 1) not in range(2, 9)
        if not is_plain or not is_upright or (content.startswith(b"\x89PNG") and content[24] != 8):
            return False  # the byte holds a PNG file's bits per channel, which Pillow hides
        decode_image(content)
    except Exception:  # whatever a decoder raises: `read_image` then says what is wrong, or reads another format
        return False
    return True


def _checked_mask(mask, size, place, values=None):
    mask = mask.astype(np.uint8) if isinstance(mask, np.ndarray) and mask.dtype == bool else mask
    if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8:
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise TypeError(f"A mask must be an array of uint8. Received: {kind} in {place}. Convert it.")
    if mask.shape != size:
        raise ValueError(
            f"A mask must have its picture's (height, width) = {size}. Received: {mask.shape} in {place}. "
            "Draw it at the size of the upright picture."
        )
    if values is not None and (found := set(np.unique(mask).tolist()) - set(values)):
        raise ValueError(
            f"What a phrase names must be drawn with {values}. Received: {sorted(found)} in {place}. "
            "Compare the mask with the id of what is named."
        )
    return mask


def _check_text(text, place):
    is_text = isinstance(text, str)
    try:
        is_text = is_text and text.encode() is not None
    except UnicodeEncodeError:
        is_text = False
    if not is_text:
        raise ValueError(
            f"A prompt must be a text that UTF-8 can hold. Received: {ascii(text)[:100]} in {place}. Repair the text."
        )
