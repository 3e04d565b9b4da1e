"""Small images to train on: folders, archives, and a cache to open them through."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image


def picture(label: int, number: int, size: int = 12, mode: str = "RGB") -> Image.Image:
    """An image whose brightness says its class."""
    from PIL import Image

    random = np.random.default_rng([label, number])
    pixels = random.integers(0, 60, (size, size, 3)) + 70 * label
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return image if mode == "RGB" else image.convert(mode)


def png(image: Image.Image) -> bytes:
    """The file."""
    data = io.BytesIO()
    image.save(data, format="PNG")
    return data.getvalue()


def tree(root: Path, classes: int = 3, train: int = 16, test: int = 6, size: int = 12) -> Path:
    """`train/a/0.png` and so on below `root`."""
    for split, count in (("train", train), ("test", test)):
        for label in range(classes):
            folder = root / split / "abcdefghij"[label]
            folder.mkdir(parents=True)
            for number in range(count):
                at = number if split == "train" else number + 1000
                (folder / f"{number}.png").write_bytes(png(picture(label, at, size)))
    return root


def tarball(path: Path, members: list[tuple[str, bytes]], mode: str = "w:gz") -> Path:
    """An archive with these members, as they are named."""
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path
