package result

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WriteJSON writes {"columns":[{"name","type"}],"rows":[[…]]}; both are lists even when they are empty.
func (t Table) WriteJSON(w io.Writer) error {
	if t.Columns == nil {
		t.Columns = []Column{}
	}
	if t.Rows == nil {
		t.Rows = [][]any{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(t)
}

// WriteCSV writes a header line and the rows; NULL is an empty field.
func (t Table) WriteCSV(w io.Writer) error {
	if len(t.Columns) == 0 {
		return nil
	}
	out := csv.NewWriter(w)
	record := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		record[i] = column.Name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i, value := range row {
			record[i] = ""
			if value != nil {
				record[i] = text(value)
			}
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteText writes aligned columns for people, numbers to the right, ruled, and the number of rows.
func (t Table) WriteText(w io.Writer) error {
	if len(t.Columns) == 0 {
		return nil
	}
	rows := "rows"
	if len(t.Rows) == 1 {
		rows = "row"
	}
	_, err := fmt.Fprintf(w, "%s(%d %s)\n", t.aligned(true), len(t.Rows), rows)
	return err
}

// WriteLines writes just the aligned lines.
func (t Table) WriteLines(w io.Writer) error {
	_, err := io.WriteString(w, t.aligned(false))
	return err
}

func (t Table) aligned(ruled bool) string {
	cells := make([][]string, 0, len(t.Rows)+1)
	header := make([]string, len(t.Columns))
	right := make([]bool, len(t.Columns))
	for i, column := range t.Columns {
		header[i] = printable(column.Name)
		k := kindOf(column.Type)
		right[i] = k == whole || k == floating || k == decimal
	}
	cells = append(cells, header)
	for _, row := range t.Rows {
		line := make([]string, len(row))
		for i, value := range row {
			line[i] = "NULL"
			if value != nil {
				line[i] = printable(text(value))
			}
		}
		cells = append(cells, line)
	}
	widths := make([]int, len(t.Columns))
	for _, line := range cells {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for n, line := range cells {
		writeLine(&out, line, widths, right)
		if n == 0 && ruled {
			rules := make([]string, len(widths))
			for i, width := range widths {
				rules[i] = strings.Repeat("─", width)
			}
			writeLine(&out, rules, widths, right)
		}
	}
	return out.String()
}

func writeLine(out *strings.Builder, cells []string, widths []int, right []bool) {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteString("  ")
		}
		padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if right[i] {
			line.WriteString(padding + cell)
		} else {
			line.WriteString(cell + padding)
		}
	}
	out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(value)
}

// printable shows control characters by their escapes: data must neither break the lines nor steer the terminal.
func printable(s string) string {
	if strings.IndexFunc(s, unicode.IsControl) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) {
			quoted := strconv.QuoteRune(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}
