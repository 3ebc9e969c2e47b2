"""Printed tables against themselves and each other: averages, misprints, orders."""
