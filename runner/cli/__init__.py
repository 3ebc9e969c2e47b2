"""The ``runner`` command: one module a subcommand."""
