"""The door of the original's own clients: their calls over HTTP and their sync protocol over WebSockets (docs/wire.md)."""
