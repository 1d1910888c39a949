"""Moving in: exports as the original's platform writes them, read, imported, interrupted, imported again."""
