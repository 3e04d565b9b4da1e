"""Charts as SVG, for pages and for files: drawn here once, and converted where a PNG or PDF is asked for."""
