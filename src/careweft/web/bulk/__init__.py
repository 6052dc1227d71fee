"""The doors of Bulk Data: kick-off, status, jobs, files."""
