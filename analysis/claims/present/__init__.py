"""What checks of claims print and write."""
