"""From other programs' settings to ours."""
