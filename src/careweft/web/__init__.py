"""The doors: HTTP and nothing else. `application(site)` is the whole server as one ASGI application."""

from .front import Front, application
from .site import Site

__all__ = ["Front", "Site", "application"]
