"""From what happened to what it means: pure functions of Program and Record."""
