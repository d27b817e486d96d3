/* The page's style and script, as they are. */
#include "base/embed.h"
#include "report/report-internal.h"

EMBED(page_css, "src/report/page.css");
EMBED(page_js, "src/report/page.js");
