"""A result as one HTML file that needs nothing else: what people send round and print."""
