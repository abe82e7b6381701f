"""The report of a results folder, and its figures. Reads what `results` wrote; imports no JAX."""
