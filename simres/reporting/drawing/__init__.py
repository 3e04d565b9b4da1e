"""Drawings made of characters: timelines and rooflines in a terminal, and the arithmetic behind them."""
