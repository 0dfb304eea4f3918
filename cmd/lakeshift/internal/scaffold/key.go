package scaffold

import (
	"fmt"
	"strings"

	"lakeshift/cmd/lakeshift/internal/sample"
)

// A key that is guessed wrong collapses rows in silence, so only one that says what the row itself is will do.
const enoughRecords = 20

// chooseKey takes the wanted columns; without them a convincing one, or else the place where a record stands.
func (p *Plan) chooseKey(wanted []string) error {
	if len(wanted) > 0 {
		return p.takeKey(wanted)
	}
	for i := range p.Columns {
		column := &p.Columns[i]
		if !isID(column.Name) || !column.Source.Unique || p.Sample.Partly || p.Sample.Records < enoughRecords {
			continue
		}
		if len(p.Key) == 0 && p.convincing(i) {
			column.IsKey = true
			p.Key = []string{column.Name}
			p.KeyReason = fmt.Sprintf("%s is different in each of the sample's records: a later row with the same value replaces the earlier one", column.Name)
			continue
		}
		p.Candidates = append(p.Candidates, column.Name)
	}
	if len(p.Key) > 0 {
		return nil
	}
	p.Key, p.Positional = []string{"object_key", "line_number"}, true
	p.KeyReason = "each record is a thing of its own, told by where it stands: nothing collapses, not even equal rows"
	return nil
}

func (p *Plan) takeKey(wanted []string) error {
	if strings.Join(wanted, ",") == "object_key,line_number" {
		p.Key, p.Positional, p.KeyReason = wanted, true, "each record is a thing of its own, told by where it stands"
		return nil
	}
	for _, name := range wanted {
		column, err := p.find(name)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		if column.Source.Empty > 0 {
			return fmt.Errorf("--key: column %s is empty in %d of %d records: a key is never empty", column.Name, column.Source.Empty, p.Sample.Records)
		}
		if column.IsKey {
			return fmt.Errorf("--key: column %s stands there twice", column.Name)
		}
		column.IsKey = true
		p.Key = append(p.Key, column.Name)
	}
	p.KeyReason = "given with --key: a later row with the same values replaces the earlier one"
	if only, _ := p.find(wanted[0]); len(wanted) == 1 && !only.Source.Unique {
		p.KeyReason += ", and values come more than once in the sample"
	}
	return nil
}

func isID(name string) bool {
	for _, word := range []string{"id", "uuid", "guid", "key"} {
		if name == word || strings.HasSuffix(name, "_"+word) || word != "key" && strings.HasSuffix(name, word) && len(name) > 4 {
			return true
		}
	}
	return false
}

// convincing: a column named after the record itself (id, order_id of orders), or the first one, if its values were made
// to tell records apart: counted up, or UUIDs. The id of a customer can be different in every row of a small sample, too.
func (p *Plan) convincing(position int) bool {
	column := p.Columns[position]
	stem := strings.Trim(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(column.Name, "uuid"), "guid"), "id"), "_")
	if stem == "" || stem == p.Dataset || stem == singular(p.Dataset) || stem == "row" || stem == "record" {
		return true
	}
	return position == 0 && !parties[stem] && (column.Source.Ascending || column.Source.UUID)
}

// Whom or what records are about rather than which record it is.
var parties = func() map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields("user customer client account member person vendor supplier seller shop store product item article sku device sensor session visitor station location site driver employee patient company") {
		words[word] = true
	}
	return words
}()

func singular(word string) string {
	last := word[strings.LastIndex(word, "_")+1:]
	switch {
	case strings.HasSuffix(last, "ies"):
		return strings.TrimSuffix(last, "ies") + "y"
	case strings.HasSuffix(last, "ses") || strings.HasSuffix(last, "xes"):
		return strings.TrimSuffix(last, "es")
	}
	return strings.TrimSuffix(last, "s")
}

// repeatedText says how many records are the same as an earlier one; empty if none is.
func repeatedText(read *sample.Sample) string {
	if read.Repeated == 0 {
		return ""
	}
	return fmt.Sprintf("%d of the sample's %d records repeat an earlier one in whole", read.Repeated, read.Records)
}
