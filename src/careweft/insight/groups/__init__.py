"""Groups that a tenant defines by searches: including ones minus excluding ones (docs/adr/0502-groups.md)."""
