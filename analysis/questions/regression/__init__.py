"""What gains depend on: mixed-model regressions on typology, size and corpus."""
