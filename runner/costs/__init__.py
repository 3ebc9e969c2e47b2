"""What a plan costs before it runs: tokens, FLOPs, memory, hours, disk.

May import: ``executors`` and the packages below it.
"""
