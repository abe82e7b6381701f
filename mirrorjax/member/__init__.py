"""One network in depth: its paper tables, a page of its own, and a game that it plays."""
