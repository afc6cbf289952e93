"""The protocols, strangers to each other: values in, bytes out, and bytes back into deltas."""
