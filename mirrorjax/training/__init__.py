"""Training: one member's update, and the loop that runs a whole population in chunks of steps."""
