"""Errors are for people, on a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.errors import InvalidFile, Problem, SimresError


@given(st.text(), st.text())
def test_a_message_has_nothing_in_it_that_a_terminal_obeys(message: str, hint: str) -> None:
    for error in (SimresError(message, hint), InvalidFile(message, hint, [Problem(1, 2, message)])):
        shown = f"{error.message}{error.hint or ''}{error}"
        assert all(character.isprintable() or character == "\n" for character in shown)
        shown.encode()


@given(st.text(st.characters(exclude_categories=("C", "Z"))))
def test_what_can_be_printed_is_as_it_was(message: str) -> None:
    assert SimresError(message, message).message == message
