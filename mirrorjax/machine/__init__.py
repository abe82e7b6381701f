"""The machine that everything runs on: devices, processes, signals, what is written, and what is read of files."""
