"""Real-time, privacy-friendly statistics for websites."""
