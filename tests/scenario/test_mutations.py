"""Whatever is done to a scenario, it loads or is refused with a message; nothing else comes out."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.plugins.registry import Registry
from simres.scenario import shipped
from simres.scenario.loader import from_document, load, load_chip, resolved

BUILT_IN = Registry(external=False)

FILES = [*shipped.scenarios().values(), *shipped.chips().values()]
WORDS = [
    "on",
    "1:30",
    "0x10",
    "~",
    "[]",
    "{}",
    "-1",
    "1e999",
    "nan",
    "*a",
    "&a",
    "<<",
    "!!x",
    "1 GB",
    "1e30 B/s",
]
WORDS += [
    "x" * 500,
    "\ud800",
    "\x00",
    "0 MB",
    "kind",
    "chip",
    "é",
    "'",
    '"',
    "\t",
    "- ",
    ": ",
    "#",
    "9" * 5000,
]


def mutated(rng):
    """One of the shipped files with bytes, lines, words or keys changed."""
    content = rng.choice(FILES).read_bytes()
    for _ in range(rng.randint(1, 4)):
        how = rng.randrange(6)
        lines = content.split(b"\n")
        at = rng.randrange(len(lines))
        word = rng.choice(WORDS).encode("utf-8", "surrogatepass")
        if how == 0:
            spot = rng.randrange(len(content) + 1)
            content = content[:spot] + rng.randbytes(rng.randint(0, 3)) + content[spot + rng.randint(0, 3) :]
        elif how == 1:
            lines.insert(rng.randrange(len(lines)), lines[at])
            content = b"\n".join(lines)
        elif how == 2:
            del lines[at]
            content = b"\n".join(lines)
        elif how == 3:
            words = lines[at].split(b" ")
            words[rng.randrange(len(words))] = word
            lines[at] = b" ".join(words)
            content = b"\n".join(lines)
        elif how == 4:
            key, colon, value = lines[at].partition(b":")
            lines[at] = key + word + colon + value if rng.random() < 0.5 else key + colon + b" " + word
            content = b"\n".join(lines)
        else:
            lines[at] = b" " * rng.randint(0, 6) + lines[at].lstrip()
            content = b"\n".join(lines)
    return content


def refusal(read, *args):
    """Why `read` refuses what it is given; empty where it takes it."""
    try:
        read(*args, registry=BUILT_IN)
    except SimresError as error:
        return error.message
    return ""


def attempt(path, seed):
    path.write_bytes(mutated(random.Random(seed)))
    for read in (load, load_chip):
        message = refusal(read, path)
        assert "Input should" not in message
        assert "pydantic" not in message


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 2**32))
def test_mutated_files_load_or_are_refused(tmp_path, seed):
    attempt(tmp_path / "mutated.yaml", seed)


@pytest.mark.slow
@settings(max_examples=2000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 2**32))
def test_many_mutated_files_load_or_are_refused(tmp_path, seed):
    attempt(tmp_path / "mutated.yaml", seed)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_documents_load_or_are_refused(data):
    document = resolved(load("paper", registry=BUILT_IN))
    at = document
    while True:
        key = data.draw(st.sampled_from(sorted(at)))
        if not isinstance(at[key], dict) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(plain)
    if data.draw(st.booleans()):
        at[data.draw(st.text(max_size=5))] = data.draw(plain)
    assert "Input should" not in refusal(from_document, document)
