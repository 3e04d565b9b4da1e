"""Many points of a design space: swept as a whole, searched, on one machine or on a cluster."""
