"""Plugins, packages of people's own: those that this process has loaded, and what a results folder says of others."""

from collections.abc import Iterable

LOADED: list[str] = []  # modules, in the order of their import, like `sys.modules`


def lacking(named: Iterable[str]) -> str:
    """In words, the plugins of some results that are not loaded; empty if all are."""
    names = [name for name in named if name not in LOADED]
    return f"it needs its plugins: --plugins {' '.join(names)}" if names else ""
