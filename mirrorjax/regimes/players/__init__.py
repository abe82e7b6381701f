"""Agents, which learn by playing the game: policy gradients, and no right answers."""
