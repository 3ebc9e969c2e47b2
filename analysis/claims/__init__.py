"""Claims that papers print, and what the data say of them.

May import: its own rooms, ``analysis.outcomes`` and the rooms below it; never ``analysis.questions``, ``plots`` or
``present``.
"""
