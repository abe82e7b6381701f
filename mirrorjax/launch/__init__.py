"""The commands: from what people type to jobs that run, and what is said of them before, meanwhile and after."""
