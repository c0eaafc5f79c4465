"""Settings: what may stand in `config/`, and reading it with errors a user can act on."""
