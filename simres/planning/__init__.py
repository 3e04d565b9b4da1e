"""Planning: passes, candidate Programs, the choice between them, and the run of the best."""
