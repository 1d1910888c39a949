"""What must hold when things go wrong: real servers, real clients, real signals, full disks, lost files."""
