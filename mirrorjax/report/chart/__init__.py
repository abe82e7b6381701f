"""What every figure has in common, on the page and in print."""
