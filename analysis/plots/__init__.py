"""Figures: one function each, a tidy frame in, ``Axes`` out; nothing is shown and no global style is set."""
