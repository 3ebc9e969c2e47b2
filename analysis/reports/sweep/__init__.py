"""What reports say about a sweep with controls: amounts, the control of as many steps, domain, depth and distance."""
