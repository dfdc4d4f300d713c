"""Mirrors of charts and images: what one lacks, asked of it; and charts made of what is published as a plain file."""
