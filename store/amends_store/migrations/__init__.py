"""Every change of the tables, in order. Written once, never changed."""
