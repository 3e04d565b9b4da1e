"""Hostile inputs for everything that simres reads, and what reading them must come to.

`mutations` spoil texts, documents and bytes, `containers` make archives, images and checkpoints to spoil.
The modules named after what is read say how it is made and read; `targets` lists them, and `judging` tells an
answer from a finding. `benchmarks/fuzz.py` runs very many, `tests/hostile/test_hostile_inputs.py` some.
"""
