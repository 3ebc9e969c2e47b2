"""Tests, intervals, predictions and influence of a fitted model."""
