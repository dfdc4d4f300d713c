"""The Haven checks: predicted on the plan, observed on the live cluster."""
