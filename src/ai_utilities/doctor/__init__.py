"""The doctor: looks at everything a call rests on, and says what to do about what is ill."""
