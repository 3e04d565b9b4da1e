"""Training: data sets, recipes, the loop, checkpoints."""
