"""What is learnt from rows of the dataset otherwise than `supervised` does: by other losses, pictures or answers."""
