"""Tables for a terminal, a module each."""
