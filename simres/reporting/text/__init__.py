"""Sentences and the layout of text: widths, styles, numbers in one unit per column."""
