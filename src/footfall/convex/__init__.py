"""The protocol of the original's platform as its public clients speak it: values, functions, one connection. Pure."""
