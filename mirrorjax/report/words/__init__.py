"""Numbers and findings in a reader's words."""
