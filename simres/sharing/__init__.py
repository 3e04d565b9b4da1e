"""Sharing: what simulations have in common, on a workbench that whoever simulates hands down."""
