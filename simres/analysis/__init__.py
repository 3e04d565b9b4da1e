"""Analysis: pure functions of a Program and its Record."""
