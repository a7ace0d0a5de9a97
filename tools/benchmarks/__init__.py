"""The modules of tools/bench: memory, programs, peers, rows, measuring and reporting."""
