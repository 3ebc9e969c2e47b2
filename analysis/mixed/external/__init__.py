"""The same model fitted by other packages."""
