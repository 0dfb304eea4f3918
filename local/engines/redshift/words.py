"""Reserved words: names of tables, columns and aliases only in double quotes.

https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
"""

from __future__ import annotations

# Those that a query may hold as a part of its grammar.
_GRAMMAR = frozenset(
    """
all analyse analyze and any array as asc between both case cast check collate column constraint create cross
current_date current_time current_timestamp current_user current_user_id default deferrable desc distinct do else end
except false for foreign freeze from full grant group having identity ilike in initially inner intersect interval into
is isnull join leading left like limit localtime localtimestamp minus natural not notnull null nulls offset on only or
order outer overlaps partition placing primary references right select session_user similar some sysdate table then
timestamp to top trailing true union unique user using when where with without
""".split()
)

# Those that PostgreSQL would take for a name.
NEVER_BARE = frozenset(
    """
aes128 aes256 allowoverwrite authorization az64 backup binary blanksasnull bytedict bzip2 credentials deflate defrag
delta delta32k disable emptyasnull enable encode encrypt encryption explicit globaldict256 globaldict64k gzip ignore
language lun luns lzo lzop mostly16 mostly32 mostly8 new off offline oid old open parallel percent permissions pivot
raw readratio recover rejectlog resort respect restore snapshot start system tag tdes text255 text32k truncatecolumns
unnest unpivot verbose wallet
""".split()
) - {"start"}  # reserved for aliases only

RESERVED = _GRAMMAR | NEVER_BARE
