"""Many simulations of one scenario, and what they say together."""
