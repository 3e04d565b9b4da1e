"""Many simulations, and what they say together: sweeps, what-ifs, ladders, results side by side."""
