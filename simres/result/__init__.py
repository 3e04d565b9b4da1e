"""The Result of a run: its figures, and the file that holds it."""

from simres.result.result import Result

__all__ = ["Result"]
