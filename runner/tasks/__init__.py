"""Tasks that a grid may name."""
