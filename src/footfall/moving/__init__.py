"""Moving in: the files that other systems export, read as streams and handed to the owner's door."""
