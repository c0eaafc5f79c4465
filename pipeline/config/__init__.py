"""Settings: the classes of the files in `config/`, and reading them with errors a user can act on."""
