"""`shapes`: a data set made by a formula, so that everything can be tried without a download.

Ten classes of bright shapes on dark ground, of random size, place, tilt and colours, with noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = (
    "arrow",
    "circle",
    "cross",
    "crescent",
    "diamond",
    "hexagon",
    "ring",
    "square",
    "star",
    "triangle",
)
SIZE = 32
TRAIN, TEST = 6000, 1000
SEED = 1985


def draw(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """`count` images (count, 32, 32, 3) uint8 and their classes (count,), all classes equally often."""
    random = np.random.default_rng([SEED, seed])
    labels = np.arange(count, dtype=np.int64) % len(CLASSES)
    images = np.empty((count, SIZE, SIZE, 3), np.uint8)
    at = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    y, x = np.meshgrid(at, at, indexing="ij")
    for number in range(count):
        size, turn = random.uniform(0.5, 0.85), random.uniform(-0.4, 0.4)
        dx, dy = random.uniform(-0.2, 0.2, 2)
        u = ((x - dx) * np.cos(turn) + (y - dy) * np.sin(turn)) / size
        v = ((y - dy) * np.cos(turn) - (x - dx) * np.sin(turn)) / size
        cover = np.clip(0.5 - _distance(CLASSES[labels[number]], u, v) * size * SIZE / 2, 0, 1)[..., None]
        back, front = random.uniform(0, 0.4, 3), random.uniform(0.5, 1, 3)
        picture = back + (front - back) * cover + random.normal(0, 0.06, (SIZE, SIZE, 3))
        images[number] = np.clip(np.rint(picture * 255), 0, 255)
    return images, labels


def _distance(name: str, u: NDArray[np.float64], v: NDArray[np.float64]) -> Any:
    """Below 0 inside a shape of about radius 1, above 0 outside; about the distance to its edge."""
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    box = np.maximum(np.abs(u), np.abs(v))
    if name == "circle":
        return radius - 0.9
    if name == "ring":
        return np.abs(radius - 0.7) - 0.22
    if name == "crescent":
        return np.maximum(radius - 0.95, 0.75 - np.hypot(u - 0.45, v))
    if name == "square":
        return box - 0.75
    if name == "diamond":
        return (np.abs(u) + 2 * np.abs(v) - 1.0) / np.sqrt(5)
    if name == "cross":
        return np.maximum(box - 0.95, np.minimum(np.abs(u), np.abs(v)) - 0.27)
    if name == "triangle":
        return _polygon(radius, angle, 3) - 0.5
    if name == "hexagon":
        return _polygon(radius, angle, 6) - 0.82
    if name == "star":
        return radius - 0.65 - 0.32 * np.cos(5 * angle)
    return np.minimum(  # an arrow: a head and a shaft
        np.maximum(_polygon(np.hypot(u - 0.45, v), np.arctan2(v, u - 0.45), 3) - 0.3, -1),
        np.maximum(np.abs(u + 0.35) - 0.6, np.abs(v) - 0.17),
    )


def _polygon(radius: NDArray[np.float64], angle: NDArray[np.float64], corners: int) -> Any:
    """Distance from the middle towards the nearest side of a regular polygon with a corner at angle 0."""
    part = 2 * np.pi / corners
    return radius * np.cos((angle % part) - part / 2)
