"""What is measured at a checkpoint: streamed statistics of the units, and the measures made of them."""
