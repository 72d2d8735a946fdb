"""Every change of the tables, in order. Written by hand, and never changed once released.

A new one is versions/vNNNN_what_it_does.py with the revision before it as down_revision; HEAD in migrating.py names
it. tests/store/test_migrating.py compares what the migrations make with the models, on both databases.
"""
