"""What reports say about a sweep with controls: amounts, the equal-steps control, domain, depth and distance."""
