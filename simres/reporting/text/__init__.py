"""Sentences, and how text is laid out: widths, styles, numbers in one unit a column."""
