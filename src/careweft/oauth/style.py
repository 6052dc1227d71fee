"""The style document that an application may dress itself by: https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html#styling

Every tenant has one at an address of its own; these are the values of our own pages, in the place of the colours that a
tenant did not choose.
"""

from collections.abc import Mapping
from types import MappingProxyType

STYLE: Mapping[str, str] = MappingProxyType(
    {
        "color_background": "#f6f7f9",
        "color_error": "#a3211b",
        "color_highlight": "#0b5c8a",
        "color_modal_backdrop": "#34404b",
        "color_success": "#1c6b3c",
        "color_text": "#17202a",
        "dim_border_radius": "8px",
        "dim_font_size": "16px",
        "dim_spacing_size": "16px",
        "font_family_body": "system-ui, sans-serif",
        "font_family_heading": "system-ui, sans-serif",
    }
)
COLOURS: Mapping[str, str] = MappingProxyType(
    {name: STYLE[f"color_{name}"] for name in ("highlight", "background", "text", "error", "success")}
)
"""Those in whose place a tenant may choose its own, as `tenancy.look` names them."""
