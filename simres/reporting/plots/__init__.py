"""Plots for papers and slides, drawn by matplotlib (the extra `[plot]`)."""
