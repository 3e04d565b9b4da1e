"""Proven optima of small networks: the best order of tasks, and the best stages."""
