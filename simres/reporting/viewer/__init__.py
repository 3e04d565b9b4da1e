"""The interactive timeline: what is shown as pure functions, and the Textual app that shows it."""
