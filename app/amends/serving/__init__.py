"""One process that takes events over HTTP, decides, carries out, and finishes what was left."""
