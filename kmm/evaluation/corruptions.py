"""Pictures spoilt as cameras, weather and files spoil them."""

import io

import numpy as np
from PIL import Image, ImageFilter

CORRUPTIONS = ("noise", "blur", "fog", "jpeg", "brightness")
STRENGTHS = (1, 2, 3, 4, 5)
REFERENCE_SIZE = 224
"""The shorter side, in pixels, for which the widths of the blur are meant."""

_NOISE = (0.08, 0.12, 0.18, 0.26, 0.38)  # standard deviation, of values in [0, 1]
_BLUR = (1.0, 2.0, 3.0, 4.0, 6.0)  # standard deviation in pixels
_FOG = ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))  # density, and how fast the fine structure fades
_JPEG = (25, 18, 15, 10, 7)  # quality
_BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)  # added to the value of hue, saturation, value
_FOG_MAP = 256  # points along a side of the fog, a power of two


def corrupt(image, corruption, strength, key=0):
    """Spoils a picture.

    The strengths are those of ImageNet-C: Gaussian noise, Gaussian blur (wider on larger pictures, see
    `REFERENCE_SIZE`), fog of plasma clouds, JPEG of low quality, and added brightness. One key gives the same noise and
    the same clouds at every strength.

    Reference: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations", 2019.

    Args:
        image: uint8 `(height, width, 3)`, of any size.
        corruption: one of "noise", "blur", "fog", "jpeg" and "brightness".
        strength: 1 (weak) to 5 (strong).
        key: a whole number from 0 on, or a sequence of such; the same key gives the same picture.

    Returns:
        uint8 `(height, width, 3)`.

    Raises:
        TypeError: if the image is not uint8.
        ValueError: if its shape is another, or there is no such corruption or strength.

    Example:

    >>> image = np.full((20, 30, 3), 100, "uint8")
    >>> corrupt(image, "brightness", strength=2)[0, 0].tolist()  # a fifth of 255 brighter
    [151, 151, 151]
    >>> tuple(corrupt(image, "fog", strength=1, key=(7, 3)).shape)
    (20, 30, 3)
    """
    image = np.asarray(image)
    if image.dtype != np.uint8:
        raise TypeError(
            f"A picture to corrupt must be uint8, in [0, 255]. Received: dtype={image.dtype}. Convert it first."
        )
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"A picture to corrupt must have the shape (height, width, 3). Received: shape={image.shape}. "
            "Convert it to RGB, and corrupt pictures one by one."
        )
    if corruption not in CORRUPTIONS:
        raise ValueError(f"A corruption is one of {CORRUPTIONS}. Received: corruption={corruption!r}. Choose one.")
    if strength not in STRENGTHS:
        raise ValueError(f"A strength is a whole number from 1 to 5. Received: strength={strength!r}. Choose one.")
    return _FUNCTIONS[corruption](image, int(strength) - 1, np.random.default_rng(key))


def _noise(image, level, random):
    return _bytes(image / 255 + _NOISE[level] * random.standard_normal(image.shape))


def _blur(image, level, random):
    radius = _BLUR[level] * min(image.shape[:2]) / REFERENCE_SIZE
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def _fog(image, level, random):
    density, decay = _FOG[level]
    brightest = image.max() / 255
    foggy = image / 255 + density * _clouds(image.shape[:2], decay, random)[..., None]
    return _bytes(foggy * brightest / (brightest + density))


def _jpeg(image, level, random):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=_JPEG[level])
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB"))


def _brightness(image, level, random):
    """Hue and saturation stay, the largest of the three values grows, at most to 255."""
    values = image / 255
    largest = values.max(axis=-1, keepdims=True)
    grown = np.minimum(largest + _BRIGHTNESS[level], 1)
    return _bytes(np.where(largest > 0, values * grown / np.where(largest > 0, largest, 1), grown))


_FUNCTIONS = {"noise": _noise, "blur": _blur, "fog": _fog, "jpeg": _jpeg, "brightness": _brightness}


def _bytes(values):
    return np.round(255 * np.clip(values, 0, 1)).astype("uint8")


def _clouds(size, decay, random):
    """Clouds in [0, 1] of any size: cut from a square map as large as the longer side."""
    longer = max(size)
    resized = Image.fromarray(_plasma(decay, random).astype("float32")).resize(
        (longer, longer), Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(resized)[: size[0], : size[1]], 0, 1)


def _plasma(decay, random):
    """A fractal map in [0, 1] by the diamond-square algorithm, whose opposite edges meet."""
    plasma = np.zeros((_FOG_MAP, _FOG_MAP))
    step, roughness = _FOG_MAP, 100.0

    def between(one, other, axis):
        """The mean of four neighbours, two in `one` and two in `other`, and noise."""
        sums = one + np.roll(one, 1, axis) + other + np.roll(other, -1, 1 - axis)
        return sums / 4 + roughness**2 * random.uniform(-1, 1, sums.shape)

    while step >= 2:
        half = step // 2
        corners = plasma[::step, ::step]
        rows = corners + np.roll(corners, -1, 0)
        centres = (rows + np.roll(rows, -1, 1)) / 4 + roughness**2 * random.uniform(-1, 1, corners.shape)
        plasma[half::step, half::step] = centres
        plasma[::step, half::step] = between(centres, corners, 0)
        plasma[half::step, ::step] = between(centres, corners, 1)
        step, roughness = half, roughness / decay
    plasma -= plasma.min()
    return plasma / plasma.max()
