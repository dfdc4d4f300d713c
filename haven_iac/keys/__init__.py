"""Cluster key material, made before nodes; credentials for people, made for hours."""
