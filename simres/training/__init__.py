"""Training: data, recipes, the loop, checkpoints. `recipe` and `datasets` need no torch; the rest does."""
