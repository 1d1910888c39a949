"""A node of a cluster: an engine that folds what all nodes appended, partition by partition. It names no backend."""
