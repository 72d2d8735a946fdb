"""The page around the text of an e-mail: one column of at most 600 pixels, nothing loaded from anywhere."""

from string import Template

from markupsafe import escape

from amends_engine.writing import is_right_to_left

# Tables and inline styles because that is what mail programs understand; the style element is only for dark mode.
_PAGE = Template("""\
<!doctype html>
<html lang="$language" dir="$direction">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$subject</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #15181c !important; }
  .sheet { background: #20252b !important; border-color: #343b43 !important; }
  .sheet, .text { color: #e8ebee !important; }
  .company { color: #aab4be !important; }
  .text a { color: #8ab4f8 !important; }
  .text hr, .text blockquote { border-color: #4a535c !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f6;-webkit-text-size-adjust:100%">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="page" \
style="background:#f2f4f6">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" class="sheet" \
style="width:100%;max-width:600px;background:#ffffff;border:1px solid #e1e5e9;border-radius:8px;text-align:$start">
$header<tr><td class="text" style="padding:24px 32px 16px;$font;font-size:16px;line-height:1.55;color:#1c2126;\
word-break:break-word;overflow-wrap:anywhere">
$body</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
""")
_HEADER = Template("""\
<tr><td class="company" style="padding:24px 32px 0;$font;font-size:14px;font-weight:600;letter-spacing:0.02em;\
color:#5b6670">$company</td></tr>
""")
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def page(body: str, *, subject: str, company: str, language: str) -> str:
    """Wrap body, which is HTML; subject and company are plain text; no header without a company."""
    is_reversed = is_right_to_left(language)
    return _PAGE.substitute(
        language=escape(language),
        direction="rtl" if is_reversed else "ltr",
        start="right" if is_reversed else "left",
        font=_FONT,
        subject=escape(subject),
        header=_HEADER.substitute(font=_FONT, company=escape(company)) if company else "",
        body=body,
    )
