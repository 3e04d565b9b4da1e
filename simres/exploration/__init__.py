"""Many simulations of one scenario: sweeps, searches, what-ifs, ladders, comparisons."""
