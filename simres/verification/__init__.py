"""Verification: checks a stored result with code that shares nothing with schedulers and simulation."""
