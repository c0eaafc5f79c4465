"""Bad input of every kind, made by scripts, each with the outcome that is expected of it."""
