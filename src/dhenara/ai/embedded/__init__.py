"""A small model that runs in this process with llama.cpp, behind the Transport protocol."""
