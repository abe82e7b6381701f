"""The configuration: its schema, what is allowed, what may vary inside a population. Nothing heavy is imported."""
