"""Calibration: measures this machine with torch, writes it as a chip, and compares runs with simulation."""
