"""Strict YAML: what is ambiguous is refused, and everything knows its place."""

from __future__ import annotations

import os
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import InvalidFile, SimresError
from simres.scenario import source


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def parser(request, monkeypatch):
    """Both of PyYAML's parsers: not every installation has the C one."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML without libyaml")
    monkeypatch.setattr(source, "_LOADER", getattr(yaml, request.param))


def problems(text):
    with pytest.raises(InvalidFile) as error:
        source.parse(text, "mine.yaml")
    return [(p.line, p.column, p.message) for p in error.value.problems]


@pytest.mark.usefixtures("parser")
class TestParsers:
    def test_values_and_places(self):
        document = source.parse("a: 1\nb:\n  c: [x, {d: 1.5}]\n  e: 'on'\n", "mine.yaml")
        assert document.data == {"a": 1, "b": {"c": ["x", {"d": 1.5}], "e": "on"}}
        assert document.place(("a",)) == (1, 4)
        assert document.place(("b",), key=True) == (2, 1)
        assert document.place(("b", "c", 1, "d")) == (3, 14)
        assert document.place(("b", "c", 1, "d", "gone", "too")) == (3, 14)

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0", 0),
            ("-12", -12),
            ("+3", 3),
            ("1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("true", True),
            ("false", False),
            ("null", None),
            ("~", None),
            ("", None),
            ("64 B", "64 B"),
            ("1.2.3", "1.2.3"),
            ("2020-01-01", "2020-01-01"),
            ("'012'", "012"),
            ('"yes"', "yes"),
        ],
    )
    def test_scalars(self, text, value):
        found = source.parse(f"a: {text}\n", "mine.yaml").data["a"]
        assert found == value
        assert type(found) is type(value)

    @pytest.mark.parametrize("text", ["on", "off", "yes", "No", "ON"])
    def test_words_that_some_take_for_booleans(self, text):
        wish = "write `true` or `false`, or quote it"
        message = f"`{text}` is true or false to some YAML readers, a word to others; {wish}"
        assert problems(f"a: {text}") == [(1, 4, message)]

    @pytest.mark.parametrize("text", ["1:30", "012", "00", "0x1F", "0o17", "0b1", "1_000", "-012", "0.1_0"])
    def test_numbers_that_are_read_differently(self, text):
        ((line, column, message),) = problems(f"a: {text}")
        assert (line, column) == (1, 4)
        assert text in message

    @pytest.mark.parametrize("text", [".inf", "-.inf", ".NaN", "1e999", "9" * 100])
    def test_numbers_that_are_none(self, text):
        ((_, _, message),) = problems(f"a: {text}")
        assert "finite" in message or "too large" in message

    def test_all_problems_at_once_in_order(self):
        text = "a: 1\na: 2\nb: on\n? [x]\n: 3\n5: 6\n<<: {c: 1}\nd: !!int 3\ne: !x y\n"
        assert [(line, column) for line, column, _ in problems(text)] == [
            (2, 1),
            (3, 4),
            (4, 3),
            (6, 1),
            (7, 1),
            (8, 4),
            (9, 4),
        ]

    def test_many_problems_are_cut(self):
        found = problems("\n".join(f"k{i}: on" for i in range(1000)))
        assert len(found) == source.MAX_PROBLEMS + 1
        assert found[-1][2] == "and more"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "the file is empty"),
            ("# nothing\n", "the file is empty"),
            ("---\n", "the file is empty"),
            ("- a\n", "must be a mapping"),
            ("word", "must be a mapping"),
            ("a: 1\n---\nb: 2\n", "a second document begins here"),
            ("a: *b", "alias `*b` without"),
            ("a: &a [*a]", "alias `*a` without"),
            ("a:\n\tb: 1", "cannot stand here"),
            ("a: b: c", "a `:` that cannot stand here"),
            ("a: [1, 2", "not YAML"),
            ("a: 'x", "not YAML"),
            ("a: %x", "cannot stand here"),
            ("a: @x", "cannot stand here"),
        ],
    )
    def test_one_thing_wrong(self, text, message):
        assert any(message in found for _, _, found in problems(text))

    def test_aliases_are_taken_and_copied(self):
        document = source.parse("a: &x {k: [1]}\nb: *x\n", "mine.yaml")
        assert document.data == {"a": {"k": [1]}, "b": {"k": [1]}}
        document.data["b"]["k"].append(2)
        assert document.data["a"] == {"k": [1]}

    @pytest.mark.parametrize(
        "text",
        [
            "a0: &a0 ["
            + "x, " * 9
            + "x]\n"
            + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)),
            "[" * 200_000,
            "{a: " * 50_000,
            "a: " + "- " * 50_000,
            "? " * 50_000,
            "a: [" + "1," * 100_000 + "]",
        ],
        ids=["laughs", "brackets", "braces", "dashes", "questions", "long"],
    )
    def test_bombs_do_not_go_off(self, text):
        started = time.process_time()
        assert problems(text)
        assert time.process_time() - started < 5

    def test_deep_but_fair(self):
        depth = source.MAX_DEPTH
        text = "".join("  " * i + "a:\n" for i in range(depth))
        assert source.parse(text, "mine.yaml")
        assert "levels deep" in problems("a: " + "[" * depth + "]" * depth)[0][2]


def test_a_file_is_read(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc2\xb5\r\nb: 2\r\n")
    assert source.read(path).data == {"a": "µ", "b": 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x00\x01\x02", "binary file"),
        (b"a: \x00", "binary file"),
        (b"a: 1\nb: \xff\xfe", "byte 0xff is not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary file"),
        (b"\xff\xfea\x00:\x00", "binary file"),
        (b"a: \x1b[31m", "control character 0x1b"),
        (b"a: \xef\xbf\xbe", "YAML"),
    ],
)
def test_files_that_are_no_text(tmp_path, content, message):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidFile) as error:
        source.read(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_the_place_of_a_bad_byte(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"a: 1\nbb: \xff")
    with pytest.raises(InvalidFile) as error:
        source.read(path)
    assert (error.value.problems[0].line, error.value.problems[0].column) == (2, 5)


def test_what_is_no_file(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    large = tmp_path / "large"
    large.write_bytes(b"#" * (source.MAX_BYTES + 1))
    for path, message in [
        (tmp_path, "is a folder"),
        (tmp_path / "gone", "no such file"),
        (tmp_path / "large" / "below", "cannot read"),
        (fifo, "is not a regular file"),
        ("/dev/null", "is not a regular file"),
        (loop, "cannot read"),
        (large, f"{source.MAX_BYTES + 1} B"),
        ("a\0b", "cannot read"),
        ("x" * 5000, "cannot read"),
    ]:
        with pytest.raises(SimresError) as error:
            source.read(path)
        assert message in error.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(SimresError, match="Permission denied"):
        source.read(path)


def test_single_values():
    assert source.parse_value("2 GB/s", "--set a") == "2 GB/s"
    assert source.parse_value("[a, {b: 1}]", "--set a") == ["a", {"b": 1}]
    assert source.parse_value("", "--set a") is None
    for wrong in ("on", "[", "a: b: c", "\0", "a\ud800", "*x", "a\n---\nb"):
        with pytest.raises(SimresError, match="--set a: "):
            source.parse_value(wrong, "--set a")


@given(st.text(alphabet=st.sampled_from("ab:-?&*!|>'\"%@`#{}[],. \n\t01_eé\x85\u2028"), max_size=60))
def test_any_text_is_a_document_or_an_error(text):
    try:
        document = source.parse(text, "mine.yaml")
    except InvalidFile:
        return
    assert isinstance(document.data, dict)


def test_a_folder_is_told_from_the_file_in_it(tmp_path):
    def hint():
        with pytest.raises(SimresError, match="is a folder, not a scenario file") as error:
            source.read(tmp_path)
        return error.value.hint

    assert hint() is None
    (tmp_path / "result.json").touch()
    assert "a finished run" in hint()
    (tmp_path / "scenario.yaml").touch()
    assert hint() == f"did you mean `{tmp_path / 'scenario.yaml'}`?"
