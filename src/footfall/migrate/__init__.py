"""Carries a store of one's own into a cluster while it serves: a copy first, then what comes after it."""
