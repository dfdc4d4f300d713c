"""A read-only look at a cloud before anything is made: `inventory` reads, `judge` decides, both without the other."""
