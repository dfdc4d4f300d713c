"""The OpenStack services of a lab: their configuration, which is pure, and how they are started."""
