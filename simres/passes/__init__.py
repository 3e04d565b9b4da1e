"""Passes: rewrites of a Workload before scheduling that keep what the network computes."""
