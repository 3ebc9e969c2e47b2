"""The same model by other packages."""
