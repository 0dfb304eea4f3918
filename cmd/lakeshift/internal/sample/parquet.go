package sample

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

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
