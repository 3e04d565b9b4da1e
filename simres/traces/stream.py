"""Reads the events of a trace as a stream, in memory that does not grow with the file.

Both forms of the Trace Event Format (Google, 2016) are read, plain or compressed by gzip: an object with
`traceEvents`, and the array of the events by itself, whose closing bracket may be missing. The scanner of
the standard library takes one event at a time out of a window on the text.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NoReturn

from simres.errors import SimresError
from simres.files import opened

HINT = (
    "`prof.export_chrome_trace(FILE)` of torch.profiler writes one, as do `simres simulate --perfetto FILE` "
    "and XProf (`*.trace.json.gz`)"
)
EVENTS = "traceEvents"
_CHUNK = 1 << 22
_LONGEST = 1 << 26
"""Characters of the longest event or value beside the events."""
_NEAR = 16
"""An error in the last so many characters of the window may be the cut of a word."""
_BETWEEN = re.compile(r"[\s,]*")


class EventStream:
    """The events of a file, for one pass over them. `head` has what the file says beside them, as far as it
    has been read; values of more than a few characters are kept only for the keys in `wanted`."""

    def __init__(self, path: Path, wanted: frozenset[str] = frozenset()) -> None:
        self.path = path
        self.head: dict[str, Any] = {}
        self.count = 0
        self._wanted = wanted
        self._text, self._at, self._gone, self._ended = "", 0, 0, False
        self._read: Callable[[int], bytes] = lambda _size: b""
        self._scan = JSONDecoder(strict=False).scan_once  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yields every event that is an object. Raises `SimresError` for a file that is no whole trace."""
        path = self.path
        try:
            with opened(path, "trace", HINT) as raw:
                packed = raw.read(2) == b"\x1f\x8b"
                raw.seek(0)
                self._read = gzip.GzipFile(fileobj=raw).read if packed else raw.read
                self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
                yield from self._document()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            said = f"`{path}` is cut off or damaged: after {self._place()}, {error}"
            raise SimresError(said, HINT) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SimresError(f"cannot read trace `{path}`: {reason}", HINT) from error

    def _document(self) -> Iterator[dict[str, Any]]:
        first = self._next()
        if first == "[":
            self._at += 1
            yield from self._array(may_end=True)
            return
        if first != "{":
            self._fail("it is empty" if not first else "it does not begin with `{` or `[`")
        self._at += 1
        found = False
        while (mark := self._next()) != "}":
            if mark != '"':
                self._fail("no key where one is due")
            key = self._value()
            if self._next() != ":":
                self._fail("no `:` after a key")
            self._at += 1
            if key == EVENTS:
                found = True
                if self._next() != "[":
                    self._fail(f"`{EVENTS}` is no array")
                self._at += 1
                yield from self._array(may_end=False)
            else:
                value = self._value()
                if key in self._wanted or isinstance(value, int | float | str):
                    self.head[str(key)] = value
        if not found:
            raise SimresError(f"`{self.path}` is not a trace: it has no `{EVENTS}`", HINT)

    def _array(self, *, may_end: bool) -> Iterator[dict[str, Any]]:
        while (mark := self._next()) != "]":
            if not mark and may_end:
                return
            event = self._value()
            self.count += 1
            if isinstance(event, dict):
                yield event
        self._at += 1

    def _next(self) -> str:
        """The next character that is no space and no comma, without taking it; empty at the end."""
        while True:
            found = _BETWEEN.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> Any:
        """Takes the next JSON value."""
        while True:
            self._next()
            try:
                value, end = self._scan(self._text, self._at)
            except StopIteration as stop:
                at, said = int(stop.value), "not JSON"
            except JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated string")
                at, said = len(self._text) if cut else error.pos, error.msg
            except (ValueError, RecursionError):
                self._fail("too deeply nested, or too long a number")
            else:
                if end < len(self._text) or self._text[end - 1] in '}]"' or not self._more():
                    self._at = end
                    return value
                continue  # a number or a word may go on
            if at < len(self._text) - _NEAR:
                self._at = at
                self._fail(said[:1].lower() + said[1:])
            if len(self._text) - self._at > _LONGEST:
                self._fail(f"a value of more than {_LONGEST} characters")
            if not self._more():
                self._fail("the file ends in the middle: it is cut off")

    def _more(self) -> bool:
        """Moves the window on; false at the end of the file."""
        if self._ended:
            return False
        size = max(_CHUNK, len(self._text) - self._at)  # a long value is not scanned again and again
        data = self._read(size)
        self._ended = not data
        self._gone += self._at
        self._text = self._text[self._at :] + self._decoder.decode(data, final=self._ended)
        self._at = 0
        return True

    def _place(self) -> str:
        return f"{self.count} event{'' if self.count == 1 else 's'}"

    def _fail(self, said: str) -> NoReturn:
        place = f"at character {self._gone + self._at + 1}, after {self._place()}"
        raise SimresError(f"`{self.path}` is an incomplete trace: {place}: {said}", HINT)
