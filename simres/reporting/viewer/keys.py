"""Keys and mouse actions of the viewer, for its bindings and its help screen."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """Keys of one action: Textual's key names, the action, the displayed keys, and the help text.

    `brief` is the text in the bottom line; it is empty for keys that are not listed there.
    """

    keys: str
    action: str
    shown: str
    brief: str
    words: str


KEYS = (
    Key("left", "move(-1)", "← →", "move", "back and forward in time, by a cell"),
    Key("right", "move(1)", "", "", ""),
    Key("up", "lane(-1)", "↑ ↓", "lane", "the lane above, the lane below"),
    Key("down", "lane(1)", "", "", ""),
    Key("plus,equals_sign", "zoom(1)", "+ -", "zoom", "zoom in and out around the cursor"),
    Key("minus,underscore", "zoom(-1)", "", "", ""),
    Key("0", "whole", "0", "", "the whole run"),
    Key("enter", "fit", "Enter", "", "zoom to the selection"),
    Key(
        "shift+left,pageup,h",
        "pan(-1)",
        "PgUp PgDn",
        "",
        "half a screen back and forward; also Shift ← →, h and l",
    ),
    Key("shift+right,pagedown,l", "pan(1)", "", "", ""),
    Key("home", "end(0)", "Home End", "", "the start and the end of the run"),
    Key("end", "end(1)", "", "", ""),
    Key("comma", "step(-1)", ", .", "task", "the previous and the next task of the lane"),
    Key("full_stop", "step(1)", "", "", ""),
    Key("left_square_bracket", "path(-1)", "[ ]", "path", "back and forward along the critical path"),
    Key("right_square_bracket", "path(1)", "", "", ""),
    Key("w", "why", "w", "why", "to the task that this one stalled on"),
    Key("b", "jump_back", "b", "", "back to where the last jump began"),
    Key("slash", "search", "/", "find", "search a layer: part of its name, or a glob (*.conv1)"),
    Key("n", "found(1)", "n N", "", "the next and the previous match"),
    Key("N", "found(-1)", "", "", ""),
    Key("escape", "dismiss", "Esc", "", "clear the search"),
    Key("t", "shade", "t", "", "light or dark"),
    Key("question_mark,f1", "help", "?", "help", "this help"),
    Key("q,ctrl+c", "quit", "q", "quit", "leave"),
)

MOUSE = (
    ("click", "select the moment and the lane"),
    ("double click", "zoom to what is there"),
    ("wheel", "zoom around the pointer; with Shift or Ctrl back and forward in time"),
    ("drag", "move back and forward in time"),
)
