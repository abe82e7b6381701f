"""The statistics of phase diagrams: pure functions on NumPy arrays; reads no results and draws nothing."""
