"""Where `Results` was before; it is in `mirrorjax.results.read`."""

from mirrorjax.results.read import Population, Results

__all__ = ["Population", "Results"]
