"""Training and evaluation of one stage.

May import: ``plan`` and the packages below it.
"""
