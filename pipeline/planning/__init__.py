"""What is to be built: settings of all kinds resolved, datasets scanned. Nothing heavy is imported."""
