"""One call's journey: dispatch, stream, retry, deadline, trace. Policy around one `send`."""
