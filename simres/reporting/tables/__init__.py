"""Tables for a terminal, one module per topic."""
