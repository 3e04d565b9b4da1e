"""The parts of a chip: `specs` say what each is and what work costs; the rest is how it behaves in time."""
