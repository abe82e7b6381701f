"""Simulations in which nothing is learnt, and what comes of them is known exactly."""
