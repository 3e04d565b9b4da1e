"""A result as one self-contained HTML file, to send and to print."""
