package result

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValuesBecomeWhatJSONShows(t *testing.T) {
	for _, c := range []struct{ typeName, text, want string }{
		{"bigint", "9007199254740993", `9007199254740993`},
		{"integer", "-5", `-5`},
		{"int8", "5", `5`},
		{"decimal", "279.910", `"279.910"`},
		{"decimal(38,2)", "5", `"5"`},
		{"numeric", "99999999999999999999999999999999999.99", `"99999999999999999999999999999999999.99"`},
		{"double", "0.1", `0.1`},
		{"double", "1.0E20", `100000000000000000000`},
		{"float8", "NaN", `"NaN"`},
		{"double", "Infinity", `"Infinity"`},
		{"boolean", "true", `true`},
		{"bool", "f", `false`},
		{"varchar", "5", `"5"`},
		{"varchar", "", `""`},
		{"date", "2025-01-15", `"2025-01-15"`},
		{"timestamp", "2025-01-15 10:00:00.000", `"2025-01-15 10:00:00.000"`},
		{"array", "[1, 2]", `"[1, 2]"`},
	} {
		got, err := json.Marshal(Value(c.typeName, c.text))
		require.NoError(t, err)
		assert.Equal(t, c.want, string(got), "%s %q", c.typeName, c.text)
	}
}

func sample() Table {
	return Table{
		Columns: []Column{{"region", "varchar"}, {"revenue", "decimal"}, {"orders", "bigint"}, {"late", "boolean"}},
		Rows: [][]any{
			{"us-east", "119.95", json.Number("2"), true},
			{nil, nil, nil, nil},
			{"süd\n\x1b[31m", "9.00", json.Number("1"), false},
		},
	}
}

func TestJSONKeepsTypesAndNulls(t *testing.T) {
	var out strings.Builder
	require.NoError(t, sample().WriteJSON(&out))
	assert.Equal(t, `{"columns":[{"name":"region","type":"varchar"},{"name":"revenue","type":"decimal"},`+
		`{"name":"orders","type":"bigint"},{"name":"late","type":"boolean"}],`+
		`"rows":[["us-east","119.95",2,true],[null,null,null,null],["süd\n\u001b[31m","9.00",1,false]]}`+"\n", out.String())
}

func TestAnEmptyAnswerHasLists(t *testing.T) {
	var out strings.Builder
	require.NoError(t, Table{}.WriteJSON(&out))
	assert.Equal(t, `{"columns":[],"rows":[]}`+"\n", out.String())
}

func TestCSVQuotesWhatNeedsIt(t *testing.T) {
	table := Table{
		Columns: []Column{{"name", "varchar"}, {"n", "bigint"}},
		Rows:    [][]any{{`a,"b"`, json.Number("1")}, {nil, nil}},
	}
	var out strings.Builder
	require.NoError(t, table.WriteCSV(&out))
	assert.Equal(t, "name,n\n\"a,\"\"b\"\"\",1\n,\n", out.String())
}

func TestTextIsAlignedAndCannotSteerTheTerminal(t *testing.T) {
	var out strings.Builder
	require.NoError(t, sample().WriteText(&out))
	assert.Equal(t, ""+
		"region         revenue  orders  late\n"+
		"─────────────  ───────  ──────  ─────\n"+
		"us-east         119.95       2  true\n"+
		"NULL              NULL    NULL  NULL\n"+
		"süd\\n\\x1b[31m     9.00       1  false\n"+
		"(3 rows)\n", out.String())
}
