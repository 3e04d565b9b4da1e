"""Archives, images and checkpoints with something wrong deep inside, where spoiled bytes rarely reach."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from functools import cache
from random import Random
from typing import Any

from tests.hostile.mutations import bytes_changed, document_changed, json_of, text_of

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF", "ICO", "TGA", "PCX")
NAMES = (
    "../out.png",
    "/etc/x/y.png",
    "train/a/../../../x.png",
    "a\\..\\x.png",
    "train/a/\x1b[31m.png",
    "train/a/" + "n" * 300 + ".png",
    "train//a//1.png",
    "train/a/.png",
    "x.png",
    "train/./1.png",
    ".",
    "",
    "train/a/1.png/2.png",
    "\ud800/a.png",
    "deep/" * 400 + "1.png",
)


@cache
def picture(number: int, form: str = "PNG", size: int = 8) -> bytes:
    """A small image."""
    from PIL import Image

    data = io.BytesIO()
    pixels = bytes((number * 37 + at * 11) % 256 for at in range(size * size * 3))
    Image.frombytes("RGB", (size, size), pixels).save(data, format=form)
    return data.getvalue()


def spoiled_picture(rng: Random) -> bytes:
    """An image with a header that lies, or with damaged contents."""
    form = rng.choice(FORMATS)
    data = picture(rng.randrange(4), form, rng.choice((8, 9)))
    if form == "PNG" and rng.random() < 0.7:
        width, height = (rng.choice((0, 1, 8, 4000, 5000, 2**16, 2**31 - 1)) for _ in range(2))
        kind = bytes(rng.choice((0, 1, 2, 3, 4, 6, 8, 16)) for _ in range(2)) + bytes(
            (0, 0, rng.randrange(2))
        )
        return data[:8] + _chunk(b"IHDR", struct.pack(">II", width, height) + kind) + data[33:]
    if rng.random() < 0.2:
        return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n"
    return bytes_changed(rng, data, 3)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def members(rng: Random) -> list[tuple[str, bytes]]:
    """Files of a class-per-folder tree, mostly sound."""
    found = []
    classes = rng.choice((1, 2, 3))
    for split in rng.choice((("train", "test"), ("train", "val"), ("",))):
        for label in range(classes):
            for number in range(rng.choice((1, 3, 6))):
                name = "/".join(filter(None, (split, "abc"[label], f"{number}.png")))
                found.append((name, picture(number)))
    for _ in range(rng.choice((0, 1, 1, 2))):
        at = rng.randrange(len(found))
        found[at] = (
            (rng.choice(NAMES), found[at][1]) if rng.random() < 0.5 else (found[at][0], spoiled_picture(rng))
        )
    if rng.random() < 0.1:
        found.append(("train/a/zeros.png", _zeros(rng.choice((1, 64, 65)))))
    if rng.random() < 0.05:
        found += [(f"train/a/b{number}.png", _zeros(60)) for number in range(3)]
    return found


@cache
def _zeros(mebibytes: int) -> bytes:
    return bytes(mebibytes << 20)


@cache
def _bomb(kind: str) -> bytes:
    """Small archives whose contents are large: half a GiB of zeros and more, or 60,000 members."""
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(8):
                archive.writestr(f"train/a/{number}.png", _zeros(60))
        return out.getvalue()
    if kind == "many.zip":
        with zipfile.ZipFile(out, "w") as archive:
            for number in range(60_000):
                archive.writestr(f"{number}", b"")
        return out.getvalue()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as stream:
        if kind == "gz":
            for _ in range(700):
                stream.write(_zeros(1))
        else:
            header = tarfile.TarInfo("train/a/x.png")
            header.size = 60 << 20
            for _ in range(8):
                stream.write(header.tobuf())
                stream.write(_zeros(60))
    return out.getvalue()


def spoiled_archive(rng: Random) -> tuple[str, bytes]:
    """An archive's suffix and bytes."""
    suffix = rng.choice((".tar", ".tar.gz", ".tgz", ".zip"))
    if rng.random() < 0.02:
        return (
            (".zip", _bomb(rng.choice(("zip", "many.zip"))))
            if suffix == ".zip"
            else (
                ".tar.gz",
                _bomb(rng.choice(("gz", "tar"))),
            )
        )
    if suffix == ".zip":
        return suffix, _zip(rng)
    data = _tar(rng)
    if suffix != ".tar":
        data = gzip.compress(data, 1, mtime=0)
        if rng.random() < 0.3:
            data = bytes_changed(rng, data, 2)
    return suffix, data


def _tar(rng: Random) -> bytes:
    out = io.BytesIO()
    form = rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogatepass") as archive:
        for name, data in members(rng):
            header = tarfile.TarInfo(name)
            header.size = len(data)
            if rng.random() < 0.05:
                header.type = rng.choice(
                    (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
                )
                header.linkname = "/etc/passwd"
            if form == tarfile.PAX_FORMAT and rng.random() < 0.1:
                pairs = {"size": rng.choice(("-1", "99999999999999", "1e9", "x")), "path": "../x.png"}
                pairs |= {"GNU.sparse.map": "0,1,2", "GNU.sparse.size": str(1 << 40), "hdrcharset": "BINARY"}
                key = rng.choice(sorted(pairs))
                header.pax_headers = {key: pairs[key]}
            try:
                archive.addfile(header, io.BytesIO(data))
            except (ValueError, UnicodeError):
                continue
    data = out.getvalue()
    how = rng.random()
    if how < 0.4:
        return _header_changed(rng, data)
    return bytes_changed(rng, data, 2) if how < 0.6 else data


def _header_changed(rng: Random, data: bytes) -> bytes:
    """A field of a tar header replaced, with the checksum made right again."""
    at = 512 * rng.randrange(max(1, len(data) // 512))
    block = bytearray(data[at : at + 512].ljust(512, b"\0"))
    start, stop = rng.choice(
        ((0, 100), (100, 108), (124, 136), (136, 148), (156, 157), (157, 257), (257, 265))
    )
    fills = (
        b"\x80" + b"\xff" * 11,
        b"\xff" * 12,
        b"-0000000001",
        b"77777777777",
        b"x",
        b"S",
        b"g",
        b"L",
        b"0",
    )
    block[start:stop] = rng.choice(fills)[: stop - start].ljust(stop - start, b"\0")
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return data[:at] + bytes(block) + data[at + 512 :]


def _zip(rng: Random) -> bytes:
    out = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members(rng):
            entry = zipfile.ZipInfo("x")
            entry.filename = name.encode("utf-8", "replace").decode()
            entry.compress_type = method
            archive.writestr(entry, data)
    data = bytearray(out.getvalue())
    if rng.random() < 0.5:  # a field of the central directory, or of the end record
        marks = [at for at in range(len(data) - 4) if data[at : at + 4] in (b"PK\x01\x02", b"PK\x05\x06")]
        at = rng.choice(marks) + rng.randrange(4, 46)
        for byte in range(at, min(len(data), at + rng.choice((1, 2, 4)))):
            data[byte] = rng.choice((0, 1, 255, rng.randrange(256)))
    return bytes_changed(rng, bytes(data), 2) if rng.random() < 0.4 else bytes(data)


def cifar_records(rng: Random, count: int) -> bytes:
    """Images in CIFAR-10's binary form, now and then with a class too many or a byte too few."""
    data = b"".join(bytes([number % 10]) + bytes(3072) for number in range(count))
    if rng.random() < 0.1:
        data = data[: rng.randrange(len(data) + 1)]
    if rng.random() < 0.1 and data:
        data = bytes([rng.choice((10, 255))]) + data[1:]
    return data


def cifar_archive(rng: Random) -> bytes:
    """CIFAR-10's archive, small, with something wrong."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        names = ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin", "batches.meta.txt"]
        for name in rng.sample(names, rng.choice((2, 4, 4, 4))):
            header = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            data = cifar_records(rng, rng.choice((1, 2, 3, 4, 0)))
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
        if rng.random() < 0.1:
            header = tarfile.TarInfo("data_batch_9.bin")
            header.size = rng.choice((3073 * 100_000, 3073 << 17, 3073 << 30))
            archive.addfile(header, io.BytesIO(b""[:0])) if header.size == 0 else out.write(header.tobuf())
    data = out.getvalue()
    how = rng.random()
    if how < 0.4:
        data = _header_changed(rng, data)
    elif how < 0.6:
        data = bytes_changed(rng, data, 2)
    data = gzip.compress(data, 1, mtime=0)
    if rng.random() < 0.02:
        return _bomb(rng.choice(("gz", "tar")))
    return bytes_changed(rng, data, 2) if rng.random() < 0.3 else data


def idx_file(rng: Random) -> bytes:
    """A gzipped IDX file (that of Fashion-MNIST) with something wrong."""
    shape = rng.choice(((3,), (3, 4, 4), (2, 28, 28), (0,), (2**32 - 1, 2**32 - 1), (1,) * 40))
    data = struct.pack(">HBB", 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape)
    data += bytes(rng.choice((0, 3, 48, 1568)))
    data = gzip.compress(bytes_changed(rng, data, 2) if rng.random() < 0.7 else data, 1, mtime=0)
    if rng.random() < 0.02:
        return _bomb("gz")
    return bytes_changed(rng, data, 2) if rng.random() < 0.3 else data


def split_safetensors(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and tensors of a safetensors file."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


METADATA = (
    "resnet20",
    "resnet1202",
    "cifar:resnet9999998",
    "torchvision:vit_h_14",
    "torchvision:maskrcnn_resnet50_fpn",
    "os:system",
    "os:abort",
    "net.safetensors",
    "net.pt",
    "1000000000",
    "999999999",
    "4294967296",
    "0",
    "-1",
    "1x1x1",
    "3x99999999x99999999",
    "3x32",
    "axbxc",
    "layers.0 layers.1",
    "layers." + "9" * 5000,
    "[]",
    "[1, 2]",
    '["a", 1]',
    "[" * 50_000,
    "[" + "9" * 5000 + "]",
    "[NaN, Infinity, 0]",
    '{"a": 1}',
    "nan",
    "inf",
    "bottleneck",
    "projection",
)


def safetensors_file(rng: Random, seed: bytes) -> bytes:
    """A checkpoint with metadata that lie, tensors that are not there, or damaged bytes."""
    header, tensors = split_safetensors(seed)
    how = rng.random()
    if how < 0.6:
        metadata = header.get("__metadata__", {})
        for _ in range(rng.choice((1, 1, 2))):
            key = rng.choice([*metadata, "network", "classes", "span", "removed", "block", "stem", "new"])
            if rng.random() < 0.7:
                metadata[key] = rng.choice((rng.choice(METADATA), text_of(rng)))
            elif key in metadata:
                inner = _parsed(metadata[key])
                if inner is None:
                    del metadata[key]
                else:
                    metadata[key] = json_of(rng, inner).decode("utf-8", "replace")
        header["__metadata__"] = {k: v.encode("utf-8", "replace").decode() for k, v in metadata.items()}
        text = json.dumps(header).encode()
    elif how < 0.85:
        changed = document_changed(rng, header)
        text = json.dumps(changed).encode("utf-8", "replace")
    else:
        text = json.dumps(header).encode()
        return bytes_changed(rng, struct.pack("<Q", len(text)) + text + tensors, 3)
    length = len(text) if rng.random() < 0.95 else rng.choice((0, 1, 2**63, 2**64 - 1, len(text) + 8))
    return struct.pack("<Q", length) + text + tensors


def _parsed(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
