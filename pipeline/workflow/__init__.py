"""What the Snakefile uses: the plan of a run, the files of its jobs, resolved settings, the lock, progress."""
