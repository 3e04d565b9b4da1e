"""A finished run: `figures` computes its figures, `summary` lists them, `document` and `json` are files."""

from simres.result.result import Result

__all__ = ["Result"]
