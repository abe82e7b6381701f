"""The paper's tables and figures for any member of a population, and for the population."""
