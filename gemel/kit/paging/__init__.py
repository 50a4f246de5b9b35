"""Pages of a list: how an API's paging is declared, and the pure decision where the next page is.

| declared | the next page | the last page |
|---|---|---|
| Offset | begins after the items received | `more` is false, else `total` is reached, else it is short; it is empty |
| PageNumber | has the next number | the number of `pages` is reached; else as for Offset |
| Cursor | is named by `next` or `next_header`, or by the last item | it is missing, null or empty; `more` is false |
| LinkHeader | is the link with this relation (RFC 8288) | there is no such link |
| NextAddress | is the address in `field` | it is missing, null or empty |

A page is short when it has fewer items than the call asked for. It is the last only where the API says neither `total`
nor `more`: declare them where there are any, since a server may give less than it is asked for.
"""

from gemel.kit.paging.base import Paging
from gemel.kit.paging.counted import Offset, PageNumber
from gemel.kit.paging.named import Cursor, LinkHeader, NextAddress
from gemel.kit.paging.page import Page

__all__ = ["Cursor", "LinkHeader", "NextAddress", "Offset", "Page", "PageNumber", "Paging"]
