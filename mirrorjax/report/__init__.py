"""The report of a results folder, and its figures. Reads what `mirrorjax.tracking` wrote; imports no JAX."""
