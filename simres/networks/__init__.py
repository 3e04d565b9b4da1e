"""Networks by name. `names` needs no torch; `build` makes the modules."""
