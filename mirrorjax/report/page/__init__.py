"""The page: its answer, its questions, its tables, and the file that all of it is put into."""
