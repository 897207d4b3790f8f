"""Draws a `shapes` scene: a textured background and anti-aliased, textured objects that may overlap."""

import functools

import numpy as np

_PALETTE = {
    name: np.float32(rgb).reshape(3, 1, 1)
    for name, rgb in {
        "red": (205, 40, 40),
        "green": (45, 155, 55),
        "blue": (45, 75, 205),
        "yellow": (230, 210, 50),
        "purple": (145, 55, 170),
        "cyan": (60, 195, 205),
    }.items()
}
_REACHES = {"circle": 1.0, "square": 1.22, "triangle": 1.08, "star": 1.15, "cross": 1.06}  # of radius 1, at any angle


def draw_scene(objects, image_size, rng: np.random.Generator):
    """Draw the objects in order on a background that is not plain.

    Args:
        objects: a list of `SceneObject`.
        image_size: `(height, width)` in pixels.
        rng: the source of the background and of the colours' jitter.

    Returns:
        uint8 picture `(height, width, 3)` and uint8 map `(height, width)`: 0 background, `i + 1` where object `i` is
        seen.
    """
    height, width = image_size
    side = min(height, width)
    canvas = _background(height, width, rng)  # (3, height, width): operations along the rows are fast
    owner = np.zeros((height, width), np.uint8)
    jitter = rng.uniform(-18, 18, (len(objects), 3, 1, 1)).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, (len(objects), 2)).astype(np.float32)
    row_centres = np.arange(height, dtype=np.float32)[:, None] + 0.5
    column_centres = np.arange(width, dtype=np.float32) + 0.5
    for number, item in enumerate(objects):
        x, y, radius = item.x * side, item.y * side, item.radius * side
        reach = int(radius * _REACHES[item.shape]) + 2  # the blurred edge of every shape ends within these 2 pixels
        top, bottom = max(0, int(y) - reach), min(height, int(y) + reach + 1)
        left, right = max(0, int(x) - reach), min(width, int(x) + reach + 1)
        dy, dx = row_centres[top:bottom] - y, column_centres[left:right] - x
        cos, sin = np.cos(item.angle), np.sin(item.angle)
        u, v = dx * cos + dy * sin, dy * cos - dx * sin
        distance = _DISTANCES[item.shape](u, v, radius)
        shade = _TEXTURES[item.texture](u, v, radius, phases[number])
        colour = (_PALETTE[item.colour] + jitter[number]) * shade
        patch = canvas[:, top:bottom, left:right]
        patch += (0.5 - distance).clip(0, 1) * (colour - patch)
        owner[top:bottom, left:right][distance < 0] = number + 1
    canvas += rng.standard_normal((height, width), np.float32) * 6
    return np.stack(canvas.clip(0, 255).astype(np.uint8), axis=-1), owner


def _background(height, width, rng):
    """A soft field of muted colours: 5 x 5 random greys with a tint, enlarged bilinearly to `(3, height, width)`."""
    field = rng.uniform(70, 185, (5, 5, 1)).astype(np.float32) + rng.uniform(-22, 22, (5, 5, 3)).astype(np.float32)
    return _interpolation(height) @ field.transpose(2, 0, 1) @ _interpolation(width).T


@functools.lru_cache
def _interpolation(size, knots=5):
    """The matrix `(size, knots)` that interpolates linearly between the knots."""
    position = np.linspace(0, knots - 1, size, dtype=np.float32)[:, None]
    return np.maximum(0, 1 - np.abs(position - np.arange(knots, dtype=np.float32)))


def _circle(u, v, radius):
    return np.hypot(u, v) - radius


def _square(u, v, radius):
    return np.maximum(np.abs(u), np.abs(v)) - 0.86 * radius


def _triangle(u, v, radius):
    lower = v + 0.25 * radius
    return np.maximum(lower - 0.8 * radius, 0.866 * np.abs(u) - 0.5 * lower - 0.4 * radius)


def _star(u, v, radius):
    wedge = np.pi / 5
    angle = np.abs(np.mod(np.arctan2(u, -v) + wedge, 2 * wedge) - wedge)
    length = np.hypot(u, v)
    outer, inner = 1.15 * radius, 0.52 * radius
    edge_x, edge_y = inner * np.cos(wedge) - outer, inner * np.sin(wedge)
    norm = np.hypot(edge_x, edge_y)
    return ((length * np.cos(angle) - outer) * edge_y - length * np.sin(angle) * edge_x) / norm


def _cross(u, v, radius):
    u, v = np.abs(u), np.abs(v)
    return np.minimum(np.maximum(u - 0.34 * radius, v - radius), np.maximum(v - 0.34 * radius, u - radius))


_DISTANCES = {"circle": _circle, "square": _square, "triangle": _triangle, "star": _star, "cross": _cross}


def _plain(u, v, radius, phase):
    return np.float32(1)


def _striped(u, v, radius, phase):
    period = max(7.0, 0.7 * radius)
    return np.where(np.sin(u * (2 * np.pi / period) + phase[0]) > 0, np.float32(1), np.float32(0.35))


def _dotted(u, v, radius, phase):
    period = max(7.0, 0.7 * radius)
    waves = np.cos(u * (2 * np.pi / period) + phase[0]) + np.cos(v * (2 * np.pi / period) + phase[1])
    return np.where(waves > 0.6, np.float32(0.25), np.float32(1))


_TEXTURES = {"plain": _plain, "striped": _striped, "dotted": _dotted}
