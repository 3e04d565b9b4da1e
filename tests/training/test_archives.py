"""Archives from anywhere: read in memory, refused where they lead out, damaged or endless."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from pathlib import Path

import pytest

from simres.errors import SimresError
from simres.training import archives
from simres.training.archives import files
from tests.support.training_data import tarball


def read(path: Path) -> dict[str, bytes]:
    return {str(name): data for name, data in files(path)}


def test_folders_and_archives_hold_the_same_files(tmp_path: Path) -> None:
    contents = {"a/1.png": b"one", "a/2.png": b"two", "b/1.png": b""}
    for name, data in contents.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "tree" / ".hidden").write_bytes(b"x")
    members = list(contents.items())
    tarball(tmp_path / "x.tar", members, "w")
    tarball(tmp_path / "x.tgz", members)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    for name in ("tree", "x.tar", "x.tgz", "x.zip"):
        assert read(tmp_path / name) == contents, name


@pytest.mark.parametrize(
    "name", ["../out.png", "/etc/out.png", "a/../../out.png", "a\\..\\out.png", "C:out.png"]
)
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    packed = tarball(tmp_path / "x.tar.gz", [("a/1.png", b"1"), (name, b"2")])
    with pytest.raises(SimresError, match="points outside it"):
        read(packed)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, b"2")
    if zipfile.ZipFile(tmp_path / "x.zip").namelist() == [name]:
        with pytest.raises(SimresError, match="points outside it"):
            read(tmp_path / "x.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.tar.gz", "x.zip"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            member = tarfile.TarInfo(f"a/{kind!r}.png")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert read(tmp_path / "x.tar") == {}


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_an_archive_that_is_cut_off_says_so(tmp_path: Path, kind: str, keep: float) -> None:
    import os

    members = [(f"a/{number}.png", os.urandom(700)) for number in range(40)]
    path = tmp_path / f"x.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members:
                archive.writestr(name, data)
    else:
        tarball(path, members, "w:gz" if kind == "tar.gz" else "w")
        if kind == "tar":  # without the padding at its end, which may be missing
            path.write_bytes(path.read_bytes().rstrip(b"\0"))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(SimresError, match="damaged or truncated"):
        read(path)


def test_damaged_bytes_are_noticed(tmp_path: Path) -> None:
    path = tarball(tmp_path / "x.tar.gz", [("a/1.png", bytes(range(256)) * 50)])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(SimresError, match="damaged or truncated"):
        read(path)


def test_a_zip_of_a_version_yet_to_come_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1.png", b"1")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = 98  # "version needed to extract" in the directory
    path.write_bytes(data)
    with pytest.raises(SimresError, match=r"x\.zip` has an unsupported format"):
        read(path)


def test_bombs_are_refused_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGEST_FILE", 1 << 20)
    monkeypatch.setattr(archives, "LARGEST_WHOLE", 3 << 20)
    one = tarball(tmp_path / "one.tar.gz", [("a/1.png", bytes(2 << 20))])
    with pytest.raises(SimresError, match="the limit for an image"):
        read(one)
    many = tarball(tmp_path / "many.tar.gz", [(f"a/{n}.png", bytes(1 << 19)) for n in range(10)])
    with pytest.raises(SimresError, match="beyond the limit"):
        read(many)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", bytes(2 << 20))
    with pytest.raises(SimresError, match="the limit for an image"):
        read(tmp_path / "x.zip")
    # A header that claims to be huge itself, as names and comments may be.
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    with gzip.open(tmp_path / "header.tar.gz", "wb") as stream:
        stream.write(header.tobuf() + bytes(4 << 20))
    with pytest.raises(SimresError):
        read(tmp_path / "header.tar.gz")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for name, data, message in (
        ("x.rar", b"x", "unsupported archive"),
        ("x.zip", b"x", "damaged"),
        ("x.tar", b"x" * 600, "damaged"),
        ("x.tar.gz", b"x", "damaged"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SimresError, match=message):
            read(tmp_path / name)
    with pytest.raises(SimresError, match="no such folder or archive"):
        read(tmp_path / "nothing")


def test_sizes_below_nothing_and_files_without_a_name_are_refused(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("a/1.png").tobuf())
    header[124:136] = b"\xff" * 12  # base 256: -1
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(SimresError, match="damaged or truncated"):
        read(tmp_path / "x.tar")
    with pytest.raises(SimresError, match="a file without a name"):
        read(tarball(tmp_path / "y.tar", [(".", b"x")], "w"))
