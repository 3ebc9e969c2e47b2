"""The ``analyze`` command: one module a subcommand."""
