"""The ``runner`` command: one module for each subcommand, which hands its work to the packages below.

May import: every package of ``runner``, ``analysis.present`` and what is below it.
"""
