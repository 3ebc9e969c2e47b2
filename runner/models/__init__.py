"""Pretrained models that a grid may name."""
