"""On the workstation: the report of a picture's whole way."""
