"""The setting of a site that opens its door to the original's clients: `convex`."""

from __future__ import annotations

OFF, ROUNDED, EXACT = "off", "rounded", "exact"
CHOICES = (OFF, ROUNDED, EXACT)
WARNING = (
    "While it is open, anyone who knows the address for clients can read all statistics of the site (every path, also of pages "
    "that one person read, and the city and place of everybody who is here) and can send views: that is how the original's "
    "clients work."
)
