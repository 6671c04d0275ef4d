"""Delivery: claims due runs, serves them in threads, finishes them set-based. The run row is the queue."""
