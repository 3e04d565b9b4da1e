"""Rewrites of a workload before it is scheduled: `Workload -> Workload`, keeping shapes and MACs."""
