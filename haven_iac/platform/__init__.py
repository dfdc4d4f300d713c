"""What makes a cluster Haven: one file per add-on, as pure functions to charts and values."""
