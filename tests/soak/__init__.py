"""Long runs: many streams and calls side by side with faults among them, and what they leave behind."""
