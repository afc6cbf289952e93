"""Tools: functions that the model may call, and tools that the provider runs."""
