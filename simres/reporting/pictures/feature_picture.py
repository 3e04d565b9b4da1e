"""The picture of an image and of what a few layers make of it (figure 3 of the paper)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from simres.reporting.pictures.chart import Block, below, text, written
from simres.reporting.pictures.heat_picture import colour

if TYPE_CHECKING:
    from simres.training.features import Maps

CHANNELS = 8
"""The number of feature maps shown per layer."""
_SIDE, _GAP = 88, 8


def picture(image: Any, maps: Sequence[Maps], title: str) -> Block:
    """Draws an image (rows, columns, channels) and a few feature maps by depth: figure 3."""
    rows = []
    for number, layer in enumerate(maps):
        count, height, width = layer.values.shape
        said = f"{layer.layer}: {min(count, CHANNELS)} of {count} maps of {height} x {width}"
        parts = [text(_SIDE + 2 * _GAP, 14, said)]
        if not number:
            parts += [text(_GAP, 14, "input"), _pixels(_photo(image), 0)]
        parts += [_pixels(_map(values), at) for at, values in enumerate(layer.values[:CHANNELS], 1)]
        rows.append(Block("".join(parts), _GAP + (CHANNELS + 1) * (_SIDE + _GAP), _SIDE + 28))
    return below(written([title], "title"), *rows)


def _photo(image: Any) -> Any:
    return image if image.shape[-1] == 3 else image[..., 0]


def _map(values: Any) -> Any:
    """Returns a map in colour, from its smallest value to its largest."""
    import numpy as np

    palette = [colour(step / 255) for step in range(256)]
    table = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in palette], dtype="uint8")
    low, high = float(values.min()), float(values.max())
    return table[np.rint(255 * (values - low) / ((high - low) or 1.0)).astype("uint8")]


def _pixels(pixels: Any, column: int) -> str:
    """Returns pixels as an image at a column of the picture."""
    from PIL import Image

    written_to = BytesIO()
    Image.fromarray(pixels).save(written_to, "png")
    data = b64encode(written_to.getvalue()).decode()
    place = f'x="{_GAP + column * (_SIDE + _GAP)}" y="20" width="{_SIDE}" height="{_SIDE}"'
    return f'<image {place} style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
