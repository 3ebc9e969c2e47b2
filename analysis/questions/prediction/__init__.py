"""Predictions for a language, task or size not yet run, and their cross-validated errors."""
