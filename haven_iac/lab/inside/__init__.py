"""What runs inside OpenStack's own environment, where it is the package `haven_lab`; standard library and OpenStack.

Only `faults` is used by both sides.
"""
