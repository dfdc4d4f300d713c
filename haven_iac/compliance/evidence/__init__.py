"""Results of the standard's own checker: read, kept, and never believed further than they go."""
