"""Columns of integers packed into short text for a self-contained page.

Of each number the difference from the one before is kept, zigzag coded (0, -1, 1, -2 become 0, 1, 2, 3), in
bytes of seven bits with the lowest first (LEB128, as in the DWARF standard), and all of it in base64.
`unpacked` in `script/model.mjs` reads it again.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable


def packed(numbers: Iterable[int]) -> str:
    """The text of a column; columns that change little from row to row come out shortest."""
    data = bytearray()
    before = 0
    for number in numbers:
        change = number - before
        before = number
        change = change << 1 if change >= 0 else (-change << 1) - 1
        while change > 127:
            data.append(change & 127 | 128)
            change >>= 7
        data.append(change)
    return b64encode(data).decode()
