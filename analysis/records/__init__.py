"""From any file to rows of the record schema, and the bundled sets."""
