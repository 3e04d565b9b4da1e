"""From a workload and a chip to a Program. Nothing here runs anything."""
