from markupsafe import Markup, escape
from markupsafe._speedups import _escape_inner

assert escape("<a href='x'>&</a>") == "&lt;a href=&#39;x&#39;&gt;&amp;&lt;/a&gt;"
assert _escape_inner("a" * 1000 + '"') == "a" * 1000 + "&#34;"
assert Markup("<b>%s</b>") % "<i>" == "<b>&lt;i&gt;</b>"
