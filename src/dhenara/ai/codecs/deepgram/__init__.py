"""Deepgram: speech heard and spoken, with everything that is asked in the address."""
