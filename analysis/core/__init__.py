"""General building blocks: errors, arrays, levels, JSON, text tables, multiplicity, paths. Imports no other room."""
