"""All that is on disk of a sweep: how it is written, so that whatever is there is whole, and how it is read."""
