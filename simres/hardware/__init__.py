"""Components of a chip: a spec, a pure cost function, and a behaviour in SimPy for each kind."""
