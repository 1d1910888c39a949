"""Believable readers for a site of their own, so that a page can be seen alive without readers.

world.py is what there is (pages, places, sources, browsers), readers.py what a reader does, past.py makes the weeks before of it,
run.py sends all of it through the server's real doors.
"""
