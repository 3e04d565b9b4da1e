"""Plugins: `hooks` declares every hook, `registry` finds which package provides a part."""
