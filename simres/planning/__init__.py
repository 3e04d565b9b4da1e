"""From a scenario to a Result: every step of the chain, and the choice between candidate Programs."""
