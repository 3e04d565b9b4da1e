"""Files that other programs open: CSV, Perfetto traces, a table in a notebook."""
