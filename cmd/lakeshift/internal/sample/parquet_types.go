package sample

import (
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"lakeshift/config"
)

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
