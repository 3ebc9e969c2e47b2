"""What knows no domain: errors, array types, levels, JSON, text tables, multiplicity, paths. Imports no other room."""
