"""Hostile inputs for everything that simres reads, and what reading them must come to.

`mutations` spoil texts, documents and bytes, `containers` make archives, images and checkpoints to spoil, and
`targets` say what is read how. `benchmarks/fuzz.py` runs very many, `tests/test_hostile_inputs.py` some.
"""
