"""Reports of results: text, tables, drawings and files. Nothing here changes a result."""
