"""What is told of a population while it is trained: progress, W&B, a heartbeat, and the recorder that keeps it all."""
