"""What trains a block of members: the compiled step, or where there is one a kernel that is faster."""
