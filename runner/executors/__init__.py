"""Who runs the stages of a plan: processes on this machine, or tasks of a cluster.

May import: ``training`` and the packages below it.
"""
