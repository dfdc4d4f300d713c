"""Runs of the real engine: progress, clean stops, recovery."""
