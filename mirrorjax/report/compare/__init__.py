"""Several sweeps beside each other."""
