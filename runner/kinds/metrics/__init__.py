"""The metrics that the field reports, each from predictions to points."""
