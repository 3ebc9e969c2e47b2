"""The sweep store's format, read by the analysis and written by the runner."""
