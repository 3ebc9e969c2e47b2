"""Claims that papers and machine-made syntheses print, and what the bundled data say of them."""
