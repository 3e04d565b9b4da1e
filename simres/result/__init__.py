"""A finished run: `data` is what is known of it, `summary` its figures, `json` its file."""
