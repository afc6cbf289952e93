"""Streams as users hold them, in both colours: answers, runs, batches, and sound as it is heard or spoken."""
