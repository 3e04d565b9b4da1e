"""Traces of real machines: read from the files of profilers, and made into the Result of a run."""
