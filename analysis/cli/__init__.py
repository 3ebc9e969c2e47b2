"""The ``analyze`` command: one module per subcommand."""
