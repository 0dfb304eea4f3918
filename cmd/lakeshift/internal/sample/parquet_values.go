package sample

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

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
