"""The interactive timeline: its content as pure functions, and the Textual app that shows it."""
