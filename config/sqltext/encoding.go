package sqltext

import (
	"fmt"
	"slices"
	"strings"
)

// https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
var (
	encodings = []string{
		"raw", "az64", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32", "runlength", "text255", "text32k", "zstd", "auto", "none",
	}
	forAZ64 = []string{
		"smallint", "int2", "integer", "int", "int4", "bigint", "int8", "decimal", "numeric", "date", "time", "timetz", "timestamp", "timestamptz", "datetime",
	}
)

// Encoding finds one that Redshift has not, or not for the column's type.
func Encoding(tokens []Token, column, kind string) *Error {
	for i := range tokens {
		if !words(tokens[i:], "encode") || i+1 == len(tokens) {
			continue
		}
		first, _, _ := strings.Cut(kind, "(")
		first, _, _ = strings.Cut(first, " ")
		switch next := tokens[i+1]; {
		case !slices.Contains(encodings, next.Text):
			return &Error{next.Line, fmt.Sprintf("column %s: Redshift has no encoding %s: leave encode out, and it chooses one", column, next.Text)}
		case next.Text == "az64" && !slices.Contains(forAZ64, first):
			return &Error{next.Line, fmt.Sprintf("column %s: encode az64 is for numbers without exponent, dates and times: expected lzo or zstd for %s, or no encode", column, kind)}
		}
	}
	return nil
}
