package sample

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"lakeshift/config"
)

// leaf is one physical column of a Parquet file.
type leaf struct {
	*typed
	kind  parquet.Kind
	nanos bool // timestamps that may say more than microseconds
}

// typed is a field whose type the files tell.
type typed struct {
	column
	kind       config.Type
	notes      []string
	approx     int64 // not a number, or infinite
	tooFine    int64 // timestamps with more than six fraction digits
	notText    int64 // bytes that are no UTF-8
	isText     bool
	isSequence bool // values may ascend
	isNested   bool
	bytes      int // of the record's nested values so far
}

// parquetReader gathers what several files hold.
type parquetReader struct {
	options  Options
	sample   *Sample
	repeated *repeats
	fields   []*typed
	index    map[string]*typed
	done     int64 // bytes of the files before this one
}

func readParquet(paths []string, options Options) (*Sample, error) {
	reader := parquetReader{options: options, sample: &Sample{Format: "parquet"}, repeated: newRepeats(), index: map[string]*typed{}}
	for _, path := range paths {
		if err := reader.read(path); err != nil {
			return nil, fmt.Errorf("%s can't be read as Parquet: %w", path, err)
		}
	}
	read := reader.sample
	read.Repeated = reader.repeated.found
	for _, field := range reader.fields {
		read.Fields = append(read.Fields, field.conclude(read.Records))
	}
	return read, nil
}

func (r *parquetReader) read(path string) (err error) {
	// the library panics on some files that are none
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%v", fault)
		}
	}()
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(source, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return err
	}
	leaves := r.leavesOf(file.Schema())
	bytesPerRow := float64(info.Size()) / float64(max(file.NumRows(), 1))
	rows := 0
	for _, group := range file.RowGroups() {
		err := eachRow(group, func(row parquet.Row) bool {
			if r.sample.Records >= r.options.Max {
				r.sample.Partly = true
				return false
			}
			r.see(row, leaves)
			rows++
			if rows%1024 == 0 {
				r.options.Progress(r.done + int64(bytesPerRow*float64(rows)))
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	r.done += info.Size()
	return nil
}

// eachRow calls do with each row of the group until it answers false.
func eachRow(group parquet.RowGroup, do func(parquet.Row) bool) error {
	// the pages of a group without rows lie nowhere, and seeking them fails
	if group.NumRows() == 0 {
		return nil
	}
	rows := group.Rows()
	defer rows.Close()
	batch := make([]parquet.Row, 256)
	for {
		n, err := rows.ReadRows(batch)
		for _, row := range batch[:n] {
			if !do(row) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *parquetReader) see(row parquet.Row, leaves []*leaf) {
	var hash maphash.Hash
	hash.SetSeed(seed)
	for _, value := range row {
		leaves[value.Column()].see(value, &hash)
	}
	for _, one := range leaves {
		one.endRecord()
	}
	r.sample.Records++
	r.repeated.seeHash(hash.Sum64())
}

// leavesOf lists the file's physical columns; fields of the same name in several files are one field.
func (r *parquetReader) leavesOf(schema *parquet.Schema) []*leaf {
	var leaves []*leaf
	for _, node := range schema.Fields() {
		kind, notes := parquetType(node)
		field := r.index[strings.ToLower(node.Name())]
		switch {
		case isPandasIndex(node.Name()):
			field = &typed{}
			field.begin()
		case field == nil:
			field = &typed{kind: kind, notes: notes}
			field.title = node.Name()
			field.begin()
			r.index[strings.ToLower(node.Name())] = field
			r.fields = append(r.fields, field)
		default:
			field.widen(kind)
		}
		field.isText = kind.Name == "varchar"
		field.isNested = !node.Leaf() || node.Repeated()
		field.isSequence = kind.Name == "bigint" || kind.Name == "integer"
		leaves = append(leaves, leavesBelow(node, field)...)
	}
	return leaves
}

func leavesBelow(node parquet.Node, field *typed) []*leaf {
	if node.Leaf() {
		one := &leaf{typed: field, kind: node.Type().Kind()}
		if logical := node.Type().LogicalType(); logical != nil {
			if moment, is := logical.Value.(*format.TimestampType); is {
				_, one.nanos = moment.Unit.Value.(*format.NanoSeconds)
			}
		}
		return []*leaf{one}
	}
	var leaves []*leaf
	for _, child := range node.Fields() {
		leaves = append(leaves, leavesBelow(child, field)...)
	}
	return leaves
}

// isPandasIndex: an index without a name is no field of the data, for the load neither.
func isPandasIndex(name string) bool { return strings.HasPrefix(name, "__index_level_") }

// parquetType is the type that holds every value of a field.
func parquetType(node parquet.Node) (config.Type, []string) {
	text := config.Type{Name: "varchar"}
	if !node.Leaf() || node.Repeated() {
		return text, []string{"Athena can't read it in the raw zone"}
	}
	if logical := node.Type().LogicalType(); logical != nil {
		switch logical := logical.Value.(type) {
		case *format.DecimalType:
			if logical.Precision > 38 {
				return text, []string{fmt.Sprintf("decimals of %d digits: more than 38 are kept as text", logical.Precision)}
			}
			return config.Type{Name: "decimal", Precision: int(logical.Precision), Scale: int(logical.Scale)}, nil
		case *format.DateType:
			return config.Type{Name: "date"}, nil
		case *format.TimestampType:
			return config.Type{Name: "timestamp"}, nil
		case *format.TimeType:
			return text, []string{"times of day: kept as text; Athena can't read them in the raw zone"}
		case *format.IntType:
			if logical.BitWidth == 64 && !logical.IsSigned {
				return integerType(64, false), []string{"whole numbers of 64 bits without a sign: Athena can't read them in the raw zone"}
			}
			return integerType(int(logical.BitWidth), logical.IsSigned), nil
		case *format.NullType:
			return text, []string{"no type in the sample: text until one is known"}
		case *format.Float16Type:
			return config.Type{Name: "double"}, nil
		}
	}
	switch node.Type().Kind() {
	case parquet.Boolean:
		return config.Type{Name: "boolean"}, nil
	case parquet.Int32:
		return config.Type{Name: "integer"}, nil
	case parquet.Int64:
		return config.Type{Name: "bigint"}, nil
	case parquet.Int96:
		return config.Type{Name: "timestamp"}, nil
	case parquet.Float, parquet.Double:
		return config.Type{Name: "double"}, nil
	}
	return text, nil
}

func integerType(bits int, signed bool) config.Type {
	if !signed {
		bits *= 2 // half of the range has no sign
	}
	switch {
	case bits <= 16:
		return config.Type{Name: "smallint"}
	case bits <= 32:
		return config.Type{Name: "integer"}
	case bits <= 64:
		return config.Type{Name: "bigint"}
	}
	return config.Type{Name: "decimal", Precision: 20}
}

// From narrow to wide; a type takes all values of those before it.
var numbers = []string{"smallint", "integer", "bigint", "double"}

// widen takes in the type that another file has for the field.
func (t *typed) widen(kind config.Type) {
	if t.kind == kind || kind.Name == "varchar" && t.filled > 0 && t.kind.Name == "varchar" {
		return
	}
	here, there := slices.Index(numbers, t.kind.Name), slices.Index(numbers, kind.Name)
	was := t.kind
	switch {
	case t.filled == 0 && t.kind.Name == "varchar":
		t.kind = kind
	case here >= 0 && there >= 0:
		t.kind.Name = numbers[max(here, there)]
	case t.kind.Name == "decimal" && kind.Name == "decimal":
		scale := max(t.kind.Scale, kind.Scale)
		t.kind = config.Type{Name: "decimal", Scale: scale, Precision: min(38, scale+max(t.kind.Precision-t.kind.Scale, kind.Precision-kind.Scale))}
	case t.kind.Name == "date" && kind.Name == "timestamp" || t.kind.Name == "timestamp" && kind.Name == "date":
		t.kind = config.Type{Name: "timestamp"}
	default:
		t.kind = config.Type{Name: "varchar"}
	}
	t.notes = append(t.notes, fmt.Sprintf("%s in one file, %s in another: Athena can't read both in the raw zone", was.Name, kind.Name))
}

// see takes one value, and adds it to the record's hash.
func (l *leaf) see(value parquet.Value, hash *maphash.Hash) {
	if value.IsNull() {
		hash.WriteByte(0)
		return
	}
	hash.WriteByte(1)
	if l.isNested {
		text := value.String()
		hash.WriteString(text)
		hash.WriteByte(0)
		// with quotes, a comma, and the name it may have
		l.bytes += len(text) + 24
		return
	}
	var raw [8]byte
	switch l.kind {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		bytes := value.ByteArray()
		binary.LittleEndian.PutUint32(raw[:], uint32(len(bytes)))
		hash.Write(raw[:4])
		hash.Write(bytes)
		l.seeBytes(bytes)
		return
	case parquet.Int64:
		whole := value.Int64()
		binary.LittleEndian.PutUint64(raw[:], uint64(whole))
		if l.nanos && whole%1000 != 0 {
			l.tooFine++
		}
		l.seeNumber(uint64(whole), whole)
	case parquet.Int32:
		whole := value.Int32()
		binary.LittleEndian.PutUint32(raw[:], uint32(whole))
		l.seeNumber(uint64(whole), int64(whole))
	case parquet.Double, parquet.Float:
		number := value.Double()
		if l.kind == parquet.Float {
			number = float64(value.Float())
		}
		binary.LittleEndian.PutUint64(raw[:], math.Float64bits(number))
		if math.IsNaN(number) || math.IsInf(number, 0) {
			l.approx++
		}
		l.filled++
	case parquet.Boolean:
		if value.Boolean() {
			raw[0] = 1
		}
		l.filled++
	case parquet.Int96:
		hash.WriteString(value.String())
		l.filled++
	}
	hash.Write(raw[:])
}

// endRecord takes what the record's nested values are together.
func (t *typed) endRecord() {
	if t.bytes > 0 {
		t.filled++
		t.nested++
		t.measure(t.bytes)
		t.bytes = 0
	}
}

func (l *leaf) seeBytes(bytes []byte) {
	switch {
	case !l.isText: // a decimal
		l.filled++
	case len(bytes) == 0: // a value, unlike in text files
		l.filled++
		l.remember(0)
	case !utf8.Valid(bytes):
		l.filled++
		l.notText++
	default:
		l.typed.see(string(bytes))
	}
}

// seeNumber learns whether whole numbers come twice; negative ones are no ids.
func (t *typed) seeNumber(bits uint64, value int64) {
	t.filled++
	t.ascending = t.ascending && t.isSequence && (t.filled == 1 || value > t.previous)
	t.previous = value
	t.remember(bits)
}

// conclude gives the field its type and what is to be said of it.
func (t *typed) conclude(records int64) Field {
	field := Field{Title: t.title, Type: t.kind, Filled: t.filled, Notes: t.notes}
	field.Empty = records - field.Filled
	whole := t.filled == records && records > 1 && (t.isSequence || t.isText && !t.isNested)
	field.Ascending = whole && t.ascending
	field.Unique = field.Ascending || whole && t.seen != nil && !t.unsure
	field.UUID = t.filled > 0 && t.counts[uuid] == t.filled
	note := func(format string, values ...any) { field.Notes = append(field.Notes, fmt.Sprintf(format, values...)) }
	if t.kind.Name == "varchar" {
		t.textual(&field, note)
		if t.filled == 0 {
			field.Type.Length = 1024
		}
	}
	if t.approx > 0 {
		note("%d values that are no number (NaN) or infinite: their records are rejected", t.approx)
	}
	if t.tooFine > 0 {
		note("%d timestamps with more than six fraction digits: their records are rejected", t.tooFine)
	}
	if t.notText > 0 {
		note("%d values that are no UTF-8 text: their records are rejected", t.notText)
	}
	return field
}
