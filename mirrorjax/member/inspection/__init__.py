"""One network in depth, in the terminal and as a page."""
