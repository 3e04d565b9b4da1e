"""Sharing: facts that simulations have in common, on a workbench that callers pass down."""
