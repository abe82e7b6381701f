"""The map of a population over its settings: its cells, boundary, theory and sentences."""
