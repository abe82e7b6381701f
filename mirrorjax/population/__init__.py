"""Who is in a population: members and their identity, the axes that make them, and the plan of who shares a program."""
