"""Everything between a result and a person: tables, captions, figures of a command."""
