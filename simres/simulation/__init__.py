"""Simulation: proves a Program, runs it on the chip in SimPy, and records what happens."""
