"""Decodes a class-per-folder tree of images, or an archive of one, to arrays.

Accepts `train/CLASS/*.png` with `test/CLASS/*.png` (or `val` for `test`), or `CLASS/*.png` alone, of which
every fifth image is then reserved for the test.
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from simres.errors import SimresError
from simres.training.archives import files

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
"""The decoded formats, whatever a file's name. Pillow supports more, one of which starts another program."""
SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test", "val": "test"}
HOLDOUT = 5
"""In a tree without a test folder, one of this many images is reserved for the test."""
MOST_PIXELS = 16 << 20
MOST_TIMES = 200
"""The largest ratio of a decoded data set to its files, above 512 MiB."""
MOST_NAMED = 10

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The contents of a tree: classes in order of their names, and each image's split and class by its path.

    `nbytes` is the size of all files.
    """

    classes: tuple[str, ...]
    images: dict[PurePosixPath, tuple[str, int]]
    nbytes: int

    def count(self, split: str) -> int:
        """Returns the number of images of a split."""
        return sum(found == split for found, _ in self.images.values())


@dataclass(slots=True)
class Decoded:
    """Images (count, rows, columns, channels) uint8 by split, and their classes (count,) int64."""

    images: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    labels: dict[str, NDArray[np.int64]] = field(default_factory=dict)


def listing(root: Path) -> Listing:
    """Lists the images of a tree. Raises `SimresError` where they do not form a data set."""
    found: dict[tuple[str, str], list[PurePosixPath]] = {}
    empty = set(_folders(root))
    nbytes = 0
    for path, data in files(root):
        nbytes += len(data)
        parts = path.parts
        if parts[-1].startswith(".") or "__MACOSX" in parts:
            continue
        parts = parts[_wrapped(parts) :]
        split = SPLITS.get(parts[0].lower(), "") if len(parts) > 1 else ""
        place = parts[1:] if split else parts
        if len(place) < 2:
            if path.suffix.lower() in SUFFIXES:
                raise SimresError(f"`{root}`: image `{path}` is not in a class folder", _TREE)
            continue
        empty.discard((split, place[0]))
        images = found.setdefault((split, place[0]), [])
        if path.suffix.lower() in SUFFIXES:
            images.append(path)
    return _checked(root, {**{key: [] for key in empty}, **found}, nbytes)


_TREE = "expected: `train/CLASS/*.png` and `test/CLASS/*.png`, or `CLASS/*.png`"


def _wrapped(parts: tuple[str, ...]) -> int:
    """Returns 1 for a path like `cifar/train/cat/1.png`, whose outermost folder only wraps the rest."""
    return int(len(parts) > 3 and parts[0].lower() not in SPLITS and parts[1].lower() in SPLITS)


def _folders(root: Path) -> Iterator[tuple[str, str]]:
    """Yields the class folders of a folder on disk, including empty ones, which list no files."""
    if not root.is_dir():
        return
    for path in root.iterdir():
        if path.is_dir() and not path.name.startswith("."):
            split = SPLITS.get(path.name.lower(), "")
            if not split:
                yield "", path.name
            else:
                yield from ((split, child.name) for child in path.iterdir() if child.is_dir())


def _checked(root: Path, found: dict[tuple[str, str], list[PurePosixPath]], nbytes: int) -> Listing:
    splits = {split for split, _ in found}
    if "" in splits and len(splits) > 1:  # folders beside train/ and test/ are ignored
        found = {key: paths for key, paths in found.items() if key[0]}
        splits.discard("")
    if not any(found.values()):
        raise SimresError(f"`{root}` has no images", _TREE)
    if splits == {"test"}:
        raise SimresError(f"`{root}` has test images but no training images", _TREE)
    for (split, name), paths in sorted(found.items()):
        if not paths:
            shown = f"{split}/{name}" if split else name
            raise SimresError(f"`{root}`: class folder `{shown}` has no images", _TREE)
    classes = tuple(sorted({name for split, name in found if split != "test"}))
    if len(classes) < 2:
        raise SimresError(f"`{root}` has only one class, `{classes[0]}`; training needs two or more", _TREE)
    if "test" in splits and (other := {name for split, name in found if split == "test"} ^ set(classes)):
        raise SimresError(
            f"`{root}`: class `{min(other)}` is in only one of train and test", "both need the same classes"
        )
    images = {}
    for (split, name), paths in sorted(found.items()):
        for number, path in enumerate(sorted(paths)):
            held_out = "test" not in splits and number % HOLDOUT == HOLDOUT - 1
            images[path] = ("test" if held_out or split == "test" else "train", classes.index(name))
    made = Listing(classes, images, nbytes)
    if not made.count("test"):
        raise SimresError(f"`{root}` has too few images to reserve one in {HOLDOUT} for testing", _TREE)
    return made


def decode(root: Path, size: int | None = None, progress: Progress | None = None) -> tuple[Listing, Decoded]:
    """Decodes all images of a tree or archive. `size` resizes them to this many pixels a side.

    Grey images stay grey if all are grey. Raises `SimresError`, naming the images, for images that are
    corrupt, of different size, of 16 bits per channel, or partly transparent.
    """
    found = listing(root)
    try:
        return found, _decode(root, found, size, progress, grey=True)
    except _ColouredError:
        return found, _decode(root, found, size, progress, grey=False)


class _ColouredError(Exception):
    """A colour image among images that seemed to be grey."""


def _decode(root: Path, found: Listing, size: int | None, progress: Progress | None, grey: bool) -> Decoded:
    made = Decoded()
    sizes: Counter[tuple[int, int]] = Counter()
    example: dict[tuple[int, int], PurePosixPath] = {}
    corrupt: list[str] = []
    places = _places(found)
    for done, (path, data) in enumerate(item for item in files(root) if item[0] in found.images):
        split, label = found.images[path]
        try:
            pixels = _pixels(data, size, grey)
        except SimresError as error:
            corrupt.append(f"{path}: {error.message}")
            if len(corrupt) == MOST_NAMED:
                break
            continue
        shape = pixels.shape[:2]
        sizes[shape] += 1
        example.setdefault(shape, path)
        if len(sizes) > 1:
            continue
        if not made.images:
            made = _room(root, found, pixels)
        made.images[split][places[path]] = pixels
        made.labels[split][places[path]] = label
        if progress and done % 100 == 0:
            progress(done, len(found.images))
    if corrupt:
        more = " (and perhaps more)" if len(corrupt) == MOST_NAMED else ""
        raise SimresError(
            f"`{root}`: {len(corrupt)} of {len(found.images)} images cannot be used{more}\n"
            + "\n".join(f"  {line}" for line in corrupt),
            "repair or delete them",
        )
    if len(sizes) > 1:
        (many, _), *_ = sizes.most_common()
        odd = next(shape for shape in sizes if shape != many)
        raise SimresError(
            f"`{root}` has images of {len(sizes)} sizes: `{example[many]}` is {many[1]} x {many[0]} pixels, "
            f"`{example[odd]}` is {odd[1]} x {odd[0]}",
            f"`--size {min(many)}` resizes all of them to {min(many)} x {min(many)}",
        )
    return made


def _room(root: Path, found: Listing, first: NDArray[np.uint8]) -> Decoded:
    """Returns arrays for all images, which have the size of the first."""
    made = Decoded()
    whole = len(found.images) * first.nbytes
    refused = (
        f"`{root}`: {len(found.images)} images of {first.shape[1]} x {first.shape[0]} pixels take {whole} B"
    )
    if whole > max(512 << 20, MOST_TIMES * found.nbytes):
        raise SimresError(f"{refused}, all files {found.nbytes} B", "`--size` makes the images smaller")
    try:
        for name in ("train", "test"):
            made.images[name] = np.empty((found.count(name), *first.shape), np.uint8)
            made.labels[name] = np.empty(found.count(name), np.int64)
    except MemoryError as error:
        raise SimresError(
            f"{refused}, more than the available memory", "`--size` makes them smaller"
        ) from error
    return made


def _places(found: Listing) -> dict[PurePosixPath, int]:
    """Returns the row of each image in the array of its split."""
    row = dict.fromkeys(("train", "test"), 0)
    places = {}
    for path, (split, _) in found.images.items():
        places[path] = row[split]
        row[split] += 1
    return places


def _pixels(data: bytes, size: int | None, grey: bool) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS:
                raise SimresError(f"{image.width} x {image.height} pixels exceed the limit")
            image.load()
            image = _plain(image, grey)
            if size is not None and image.size != (size, size):
                image = image.resize((size, size), Image.Resampling.BILINEAR)
    except UnidentifiedImageError as error:
        raise SimresError("not an image") from error
    except (SimresError, _ColouredError):
        raise
    except Exception as error:  # decoders' exceptions for damaged files have no common type
        raise SimresError(f"damaged: {' '.join(str(error).split())}") from error
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _plain(image: Image.Image, grey: bool) -> Image.Image:
    """Converts an image to 8 bits per channel, with one channel or three."""
    if image.mode.startswith(("I", "F")):
        raise SimresError(f"more than 8 bits per channel (mode {image.mode}); convert it to 8")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        opaque = image.convert("RGBA")
        if opaque.getchannel("A").getextrema() != (255, 255):
            raise SimresError("partly transparent; give it a background")
        image = opaque.convert("L" if image.mode in ("LA", "La") else "RGB")
    if image.mode in ("L", "1"):
        return image.convert("L" if grey else "RGB")
    if grey:
        raise _ColouredError
    return image.convert("RGB")
