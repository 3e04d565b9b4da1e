"""Progress of long commands: a bar on a terminal, an occasional line elsewhere."""
