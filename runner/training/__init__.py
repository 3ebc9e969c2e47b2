"""Training and evaluation of one stage."""
