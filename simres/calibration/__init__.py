"""Calibration: measures this machine with torch, and compares runs with simulation."""
