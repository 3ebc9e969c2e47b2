"""Who runs the stages of a plan: this machine, or a cluster."""
