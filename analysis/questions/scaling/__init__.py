"""Scaling curves: outcomes against model size, intermediate-corpus size or pretraining-corpus size."""
