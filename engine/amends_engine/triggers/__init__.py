"""What starts a rule: one module for each kind of trigger, and the table of them in reading.py."""
