"""Brains of assembly calculus: neurons that fire together, no gradient, and no acts."""
