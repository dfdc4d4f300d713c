"""From a description and a cloud's promise to everything decided, nothing created."""
