"""One population as a job: what its configuration comes to, what it is trained on, and what was begun of it before."""
