"""Profiles: what R4 and the implementation guides say of resources, as snapshots."""
