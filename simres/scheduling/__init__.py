"""Scheduling: pure functions from a Workload and a chip to a Program."""
