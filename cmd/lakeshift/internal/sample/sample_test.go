package sample

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func file(t *testing.T, name, content string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func readText(t *testing.T, content string) *Sample {
	read, err := Read([]string{file(t, "sample", content)}, Options{})
	require.NoError(t, err)
	return read
}

// types of the fields, and their notes behind them.
func types(read *Sample) map[string]string {
	found := map[string]string{}
	for _, field := range read.Fields {
		found[field.Title] = strings.Join(append([]string{field.Type.String()}, field.Notes...), "; ")
	}
	return found
}

func TestTypesHoldWhatTheLoadTakesAndLeaveRoom(t *testing.T) {
	for values, want := range map[string]string{
		"1 2 -3":                "bigint",
		"1 2 3 4 5 6 7 8 9 007": "varchar(256); digits with leading zeros: codes, kept as text",
		"007 100":               "varchar(256); digits with leading zeros: codes, kept as text",
		"1 2.5":                 "decimal(18,4)",
		"123456789012.123456":   "decimal(23,8)",
		"1.5e3 2":               "double; binary numbers: sums are approximate",
		"0.30000000000000004":   "double; binary numbers: sums are approximate",
		"9223372036854775808":   "decimal(38,0); numbers of up to 19 digits: more than bigint holds for sure",
		"true False":            "boolean",
		"Y N":                   "varchar(256)",
		"0 1":                   "bigint",
		"2024-02-29":            "date",
		"2024-02-30":            "varchar(256)",
		"2024-01-31T10:00:00.123456+02:00 2024-01-31": "timestamp; some times have a zone and some have none: all are kept in UTC, those without as they stand",
		"2024-01-31T10:00:00.123456789Z":              "varchar(256); timestamps with more than six fraction digits: the load refuses to cut them",
		"2024-01-31T25:00:00":                         "varchar(256); dates, written as the load does not take them: YYYY-MM-DD or ISO 8601",
		"1/31/2024 2/1/2024":                          "varchar(256); dates as MM/DD/YYYY: the load takes YYYY-MM-DD",
		"31/01/2024 01/02/2024":                       "varchar(256); dates as DD/MM/YYYY: the load takes YYYY-MM-DD",
		"01/02/2024":                                  "varchar(256); dates with slashes, and no day above 12 to tell whether the month comes first (MM/DD) or the day (DD/MM); the load takes YYYY-MM-DD",
		"NULL NA":                                     "varchar(256); nothing but 'NA', 'NULL' in the sample: text until a value is known",
		"1e400":                                       "varchar(256); numbers beyond what a double reaches (1e308): kept as text",
		"0.123456789012345678901234567890":            "decimal(35,32)",
		"123456789012345678901234567890.12345678 1.5": "decimal(38,8)",
		"12345678901234567890 1e3":                    "varchar(256); numbers with more digits than a double tells apart beside such as 1.5e3: kept as text",
		"1 2 3 4 5 6 7 8 9 x":                         "varchar(256); numbers but for 1 of 10 values: kept as text",
		"31.01.2024":                                  "varchar(256); dates as DD.MM.YYYY: the load takes YYYY-MM-DD",
		"$12.50 $1,234.00":                            "varchar(256); amounts with a currency, a percent sign, separators or a decimal comma: numbers to people, text to the load",
		"INV0001 INV0002":                             "varchar(256)",
		"1 N/A":                                       "varchar(256); numbers, with 'N/A' for nothing: the load takes an empty field only",
		strings.Repeat("ä", 100):                      "varchar(1024)",
		"1f0b9f0e-4f7a-4b0e-9b1d-0a1b2c3d4e5f":        "varchar(256)",
		"10:20 11:30":                                 "varchar(256)",
		"2024-01-31 2024-01-31T10:00:00+25:00":        "varchar(256); dates, written as the load does not take them: YYYY-MM-DD or ISO 8601",
		strings.Repeat("9", 37):                       "varchar(256); whole numbers of up to 37 digits: more than any number type holds, kept as text",
		"12345678901234567890123456789012345.5 1.123456789": "varchar(256); numbers with more digits than a double tells apart beside such as 1.5e3: kept as text",
		strings.Repeat("9", 37) + ".55":                     "varchar(256); numbers of up to 37 digits before the point and 2 after it: more than a decimal holds, kept as text",
	} {
		content := "\"x\";y\n" + strings.ReplaceAll("\""+strings.ReplaceAll(values, " ", "\";\n\"")+"\";\n", "\n\"\";", "")
		assert.Equal(t, want, types(readText(t, content))["x"], values)
	}
}

func TestCodesOfOneLengthNeedNoMoreRoom(t *testing.T) {
	assert.Equal(t, "varchar(64)", types(readText(t, "flag,n\n"+strings.Repeat("Y,1\n", 20)))["flag"])
}

func TestATitleMayPromiseMoreThanTheSampleHolds(t *testing.T) {
	found := types(readText(t, "tip_amount,created_at,count\n0,2024-01-31,1\n"))
	assert.Equal(t, "decimal(18,4); whole numbers in the sample, a decimal by its title", found["tip_amount"])
	assert.Equal(t, "timestamp; dates in the sample, a timestamp by its title", found["created_at"])
	assert.Equal(t, "bigint", found["count"])
}

func TestCSVIsReadAsItWasWritten(t *testing.T) {
	for name, test := range map[string]struct{ content, delimiter, quote string }{
		"semicolons in quotes": {"\ufeffa;b\r\n\"x;y\";1,5\r\n\"say \"\"hi\"\"\";2,5\r\n", ";", `"`},
		"tabs":                 {"a\tb\n1,2\t3\n4,5\t6\n", "\t", `"`},
		"pipes":                {"a|b\n1|2\n", "|", `"`},
		"single quotes":        {"a,b\n'x,y',1\n'z,',2\n", ",", "'"},
		"apostrophes in text":  {"a,b\nit's,1\nlet's,2\n", ",", `"`},
		"carriage returns":     {"a,b\r1,2\r3,4", ",", `"`},
	} {
		read := readText(t, test.content)
		assert.Equal(t, test.delimiter, string(read.CSV.Delimiter), name)
		assert.Equal(t, test.quote, string(read.CSV.Quote), name)
		assert.EqualValues(t, strings.Count(test.content, "\r")+strings.Count(test.content, "\n")-strings.Count(test.content, "\r\n"), read.Records+1-map[bool]int64{true: 1}[name == "carriage returns"], name)
		assert.Empty(t, read.Refused, name)
		assert.Equal(t, []string{"a", "b"}, []string{read.Fields[0].Title, read.Fields[1].Title}, name)
	}
}

func TestRecordsThatTheLoadWouldRefuseAreCounted(t *testing.T) {
	read := readText(t, "a,b\n1,2\n1\n1,2,3\n\"open,2\n \nx\"y,1\n\xff,1\n")
	assert.EqualValues(t, 1, read.Records)
	var reasons []string
	for _, refusal := range read.Refused {
		reasons = append(reasons, refusal.Reason)
	}
	assert.Equal(t, []string{
		"expected 2 fields, found 1", "expected 2 fields, found 3", "a quote is not closed in its line: a record with a line break can't be loaded",
		"a quote inside an unquoted field", "not UTF-8: convert the file (iconv -f ISO-8859-1 -t UTF-8)",
	}, reasons)
	assert.True(t, strings.HasSuffix(read.Refused[0].Where, ":3"))
}

func TestFilesWithoutTitlesMustBeCalledSo(t *testing.T) {
	path := file(t, "sample", "1,2024-01-31\n2,2024-02-01\n")
	_, err := Read([]string{path}, Options{})
	require.ErrorContains(t, err, "give --no-header")
	read, err := Read([]string{path}, Options{NoHeader: true})
	require.NoError(t, err)
	assert.EqualValues(t, 2, read.Records)
}

func TestFilesThatCanNotBeASampleAreNamedWithTheRemedy(t *testing.T) {
	for content, want := range map[string]string{
		"":                         "no record",
		"a,b\n":                    "no record",
		"[{\"a\": 1}]":             "is a JSON array: expected one object per line (jq -c '.[]'",
		"{\n \"a\": 1\n}":          "has JSON over several lines",
		"\xff\xfea\x00":            "is UTF-16: save it as UTF-8",
		"PK\x03\x04":               "is a zip archive or a spreadsheet",
		"PAR1 and nothing like it": "can't be read as Parquet",
		"{\"a\": 1} trailing\n":    "not one JSON object in a line",
	} {
		_, err := Read([]string{file(t, "sample", content)}, Options{})
		require.ErrorContains(t, err, want, content)
	}
	_, err := Read([]string{file(t, "a.csv", "a,b\n1,2\n"), file(t, "b.csv", "b,a\n1,2\n")}, Options{})
	require.ErrorContains(t, err, "has other columns than")
	_, err = Read([]string{file(t, "a.csv", "a,b\n1,2\n"), file(t, "b.json", "{\"a\": 1}\n")}, Options{})
	require.ErrorContains(t, err, "a dataset has files of one format")
}

func TestHalfASurrogatePairIsRefusedAsByTheLoad(t *testing.T) {
	read := readText(t, `{"a": "\ud83d\ude00"}`+"\n"+`{"a": "\\ud83d"}`+"\n"+`{"a": "x\ud83d"}`+"\n"+`{"a": "\ude00"}`+"\n")
	assert.EqualValues(t, 2, read.Records)
	assert.EqualValues(t, 2, read.RefusedRecords())
	assert.Contains(t, read.Refused[0].Reason, "half a surrogate pair")
}

func TestADelimiterAtTheEndOfEachLineIsExplained(t *testing.T) {
	_, err := Read([]string{file(t, "sample", "a,b\n1,2,\n3,4,\n")}, Options{})
	require.ErrorContains(t, err, "expected 2 fields, found 3, the last one empty: give the header the delimiter, too")
}

func TestJSONFieldsAreThoseOfAllRecords(t *testing.T) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write([]byte(`{"id": 1, "price": 1.5, "tags": ["a"], "zip": "12", "amount": "1.50", "day": "2024-01-31"}` + "\n\n" +
		`{"ID": 2, "price": null, "user": {"name": "x"}, "ok": true, "zip": "34", "amount": "2", "day": ""}` + "\n" +
		`{"id": 1, "Id": 2}` + "\n"))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	read, err := Read([]string{file(t, "sample.json.gz", packed.String())}, Options{})
	require.NoError(t, err)
	assert.Equal(t, "jsonl", read.Format)
	assert.Equal(t, map[string]string{
		"id": "bigint", "price": "decimal(18,4)", "zip": "varchar(256); whole numbers between quotes: codes, kept as text", "ok": "boolean",
		"tags": "varchar(256); JSON objects or arrays, kept as JSON text", "user": "varchar(256); JSON objects or arrays, kept as JSON text",
		"amount": "decimal(18,4)", "day": "date",
	}, types(read))
	assert.EqualValues(t, 2, read.Records)
	assert.Equal(t, "fields that differ in case only", read.Refused[0].Reason)
	assert.EqualValues(t, 1, read.Fields[1].Empty)
}

func TestParquetSaysItsTypes(t *testing.T) {
	type record struct {
		ID       int64     `parquet:"ID"`
		Small    int32     `parquet:"small,optional"`
		Tiny     int8      `parquet:"tiny"`
		Unsigned uint32    `parquet:"unsigned"`
		Huge     uint64    `parquet:"huge"`
		Ratio    float32   `parquet:"ratio"`
		Price    int64     `parquet:"price,decimal(2:12)"`
		Flag     *bool     `parquet:"flag"`
		Name     *string   `parquet:"name,dict"`
		Day      int32     `parquet:"day,date"`
		At       time.Time `parquet:"at,timestamp(microsecond)"`
		Exact    int64     `parquet:"exact,timestamp(nanosecond)"`
		Tags     []string  `parquet:"tags,list"`
		Key      string    `parquet:"key"`
	}
	name, zero := "ä", 0.0
	records := []record{
		{ID: 1, Small: 1, Name: &name, Ratio: float32(zero / zero), Exact: 1001, Key: "same", Tags: []string{"a", "b"}},
		{ID: 2, Exact: 2000, Key: "same", Tags: []string{"c"}},
		{ID: 2, Exact: 2000, Key: "same", Tags: []string{"c"}},
	}
	path := filepath.Join(t.TempDir(), "sample.parquet")
	require.NoError(t, parquet.WriteFile(path, records))
	read, err := Read([]string{path}, Options{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"ID": "bigint", "small": "integer", "tiny": "smallint", "unsigned": "bigint", "price": "decimal(12,2)", "flag": "boolean",
		"ratio": "double; 1 values that are no number (NaN) or infinite: their records are rejected",
		"huge":  "decimal(20,0); whole numbers of 64 bits without a sign: Athena can't read them in the raw zone",
		"name":  "varchar(256)", "day": "date", "at": "timestamp", "key": "varchar(256)",
		"exact": "timestamp; 1 timestamps with more than six fraction digits: their records are rejected",
		"tags":  "varchar(256); Athena can't read it in the raw zone; JSON objects or arrays, kept as JSON text",
	}, types(read))
	assert.EqualValues(t, 3, read.Records)
	assert.EqualValues(t, 1, read.Repeated)
	for _, field := range read.Fields {
		assert.False(t, field.Unique, field.Title)
		assert.Equal(t, map[string]int64{"name": 2, "flag": 3, "small": 2}[field.Title], field.Empty, field.Title)
	}
	read, err = Read([]string{path, path}, Options{Max: 2})
	require.NoError(t, err)
	assert.True(t, read.Partly)
	assert.True(t, read.Fields[0].Ascending)
}

func TestTypesOfSeveralParquetFilesAreBroughtTogether(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "1.parquet"), filepath.Join(folder, "2.parquet")
	require.NoError(t, parquet.WriteFile(first, []struct{ Count, Other int64 }{{1, 2}}))
	require.NoError(t, parquet.WriteFile(second, []struct{ Count float64 }{{1.5}}))
	read, err := Read([]string{first, second}, Options{})
	require.NoError(t, err)
	found := types(read)
	assert.Equal(t, "double; bigint in one file, double in another: Athena can't read both in the raw zone", found["Count"])
	assert.Equal(t, "bigint", found["Other"])
	assert.EqualValues(t, 1, read.Fields[1].Empty)
}

// emptyGroup is what pyarrow and Spark write for no rows; its pages lie nowhere.
type emptyGroup struct{ parquet.RowGroup }

func (emptyGroup) NumRows() int64     { return 0 }
func (emptyGroup) Rows() parquet.Rows { panic("there are no pages to seek") }

func TestARowGroupWithoutRowsIsNoBrokenFile(t *testing.T) {
	require.NoError(t, eachRow(emptyGroup{}, func(parquet.Row) bool { return false }))
}

func TestABackslashEscapesWhereTheFilesSaySo(t *testing.T) {
	for content, want := range map[string]byte{
		"a,b\n1,plain\n":              '\\',
		"a,b\n1,\"C:\\temp\\\"\n":     '^', // no quote is left to close the field
		"a,b\n1,C:\\temp ^\n":         '~', // other readers would drop it
		"a,b\n1,\\N\n":                '^',
		"a,b\n1,\"say \"\"hi\"\"\"\n": '^',  // who doubles quotes has no other escape
		"a,b\n1,\"\"\n":               '\\', // no doubled quote, but an empty field
		"a,b\n1,\"say \\\"hi\\\"\"\n": '\\',
		"a,b\n1,\"a \\\\ b\"\n":       '\\', // as a program writes it that escapes
		"a,b\n1,\"say \\\"hi\\\"\"\n2,\"C:\\temp\\\"\n3,\"\\\", x\"\n": '\\',
	} {
		assert.Equal(t, string(want), string(readText(t, content).CSV.Escape), content)
	}
	read := readText(t, "size,note\n1,\"say \\\"hi\\\"\"\n2,\"say \\\"ho\\\"\"\n3,\"C:\\temp\\\"\n4,\"two\n")
	require.Len(t, read.Refused, 2)
	assert.Contains(t, read.Refused[0].Reason, "backslash")
	assert.True(t, strings.HasSuffix(read.Refused[0].Where, ":4"))
	assert.NotContains(t, read.Refused[1].Reason, "backslash")
}

func TestCastsOfTextAreSuggestedWhereAllValuesHaveOneForm(t *testing.T) {
	for values, want := range map[string]string{
		"1/31/2024|2/1/2024":          "to_date(%s, 'MM/DD/YYYY')",
		"31/01/24|01/02/24":           "to_date(%s, 'DD/MM/YY')",
		"1/31/2024|2/1/2024 10:00":    "",
		"01/31/2024 02:15:00 PM|NULL": "cast(to_timestamp(nullif(%s, 'NULL'), 'MM/DD/YYYY HH12:MI:SS AM') as timestamp)",
		"01/31/2024 14:15|":           "cast(to_timestamp(%s, 'MM/DD/YYYY HH24:MI') as timestamp)",
		"15.01.2025|-":                "to_date(nullif(%s, '-'), 'DD.MM.YYYY')",
		"15.01.2025 10:00":            "",
		"2024-01-31|n/a|N/A":          "cast(nullif(nullif(%s, 'N/A'), 'n/a') as date)",
		"1.234,50|-0,5 €|7":           "cast(replace(regexp_replace(%s, '[^0-9,-]', ''), ',', '.') as decimal(18,4))",
		"839,21|1.234":                "",
		"$1,234.50|-$2":               "cast(regexp_replace(%s, '[^0-9.-]', '') as decimal(18,4))",
		"1|2.5|NA":                    "cast(nullif(%s, 'NA') as decimal(18,4))",
	} {
		read := readText(t, "x;y\n"+strings.ReplaceAll(values, "|", ";\n")+";1\n")
		assert.Equal(t, want, read.Fields[0].Cast, values)
	}
}
