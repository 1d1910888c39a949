"""State from rows: `state` counts it again, `barriers` are the changes of rows that it is counted again for."""
