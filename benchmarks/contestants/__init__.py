"""Who is measured: one file each, which is imported in its contestant's environment only.

Each imports what its users import and has the same six functions. `client(url, protocol)` and
`async_client(url, protocol)` create what a program keeps: a client, if the library has one. `call` and `acall` return
the text of an answer, `stream` and `astream` the number of characters of text that they read, chunk by chunk.
"""
