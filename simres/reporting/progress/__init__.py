"""Progress of long commands: a bar on a terminal, a line now and then elsewhere."""
