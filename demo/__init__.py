"""The main job, for real, in one command: an answer streamed from a small model in this process."""
