package sqlcheck

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"lakeshift/config/sqltext"
)

// Types of Redshift's (https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html), with their other names.
var redshiftTypes = set(`
	smallint int2 integer int int4 bigint int8 decimal numeric real float4 float8 float boolean bool char character nchar bpchar
	varchar nvarchar text date time timetz timestamp timestamptz interval geometry geography hllsketch super varbyte varbinary binary
	double datetime`)

// Types that its catalog's tables have; tables of users can't have them.
var catalogTypes = set(`
	name oid regclass regproc regprocedure regoper regoperator regtype xid cid tid oidvector int2vector abstime reltime tinterval
	aclitem refcursor unknown record void cstring any anyelement anyarray bytea inet cidr macaddr bit varbit money xml point line lseg
	box path polygon circle national`)

// What other engines' types are called here.
var otherTypes = map[string]string{
	"string": "varchar(n)", "varchar2": "varchar(n)", "clob": "varchar(n)", "longtext": "varchar(65535)",
	"timestamp_ntz": "timestamp", "timestamp_tz": "timestamptz", "number": "decimal(p, s)", "tinyint": "smallint", "mediumint": "integer",
	"long": "bigint", "json": "super", "jsonb": "super", "variant": "super", "uuid": "varchar(36)", "serial": "integer identity(1, 1)",
	"bigserial": "bigint identity(1, 1)", "int64": "bigint", "float64": "double precision", "blob": "varbyte(n)", "bytes": "varbyte(n)",
	"double": "double precision",
}

// Types of Athena's: only a slip in one of these is told, others may be possible.
var athenaTypes = []string{
	"boolean", "tinyint", "smallint", "integer", "bigint", "double", "real", "decimal", "varchar", "varbinary", "timestamp", "interval", "array",
}

// Shape is what a column can hold, as far as it is looked at.
type Shape struct {
	Kind        string // integer, decimal, varchar, date, timestamp; empty for all others
	Size, Scale int    // bytes of an integer or varchar; digits of a decimal, and those behind its point
}

// ShapeOf a type as SQL writes it.
func ShapeOf(kind string) Shape { return readType(&cursor{tokens: sqltext.Tokens(kind)}).shape() }

type sqlType struct {
	name      string
	arguments []int
	line      int
	plain     bool // a word, without a schema
}

// readType reads double precision, numeric(10, 2), timestamp with time zone.
func readType(p *cursor) sqlType {
	found := sqlType{name: p.peek().Text, line: p.peek().Line, plain: p.peek().Kind == sqltext.Word && !isSymbol(p.ahead(1), ".")}
	p.at++
	for found.name == "national" && isWord(p.peek(), "character", "char", "varchar") || found.name == "interval" && isWord(p.peek(), "year", "month", "day", "hour", "minute", "second", "to") {
		p.at++
	}
	if isWord(p.peek(), "precision", "varying") {
		found.name += " " + p.peek().Text
		p.at++
	}
	if isSymbol(p.peek(), "(") {
		for _, argument := range split(p.group(), ",") {
			if len(argument) == 1 {
				number, err := strconv.Atoi(argument[0].Text)
				if isWord(argument[0], "max") {
					number, err = 65535, nil
				}
				if err == nil {
					found.arguments = append(found.arguments, number)
				}
			}
		}
	}
	if (p.looks("with") || p.looks("without")) && isWord(p.ahead(1), "time") {
		p.at += 3
	}
	return found
}

func (t sqlType) shape() Shape {
	argument := func(i, otherwise int) int {
		if i < len(t.arguments) {
			return t.arguments[i]
		}
		return otherwise
	}
	switch t.name {
	case "smallint", "int2":
		return Shape{Kind: "integer", Size: 2}
	case "integer", "int", "int4":
		return Shape{Kind: "integer", Size: 4}
	case "bigint", "int8":
		return Shape{Kind: "integer", Size: 8}
	case "decimal", "numeric":
		return Shape{Kind: "decimal", Size: argument(0, 18), Scale: argument(1, 0)}
	case "date", "timestamp":
		return Shape{Kind: t.name}
	case "varchar", "nvarchar", "character varying", "text":
		return Shape{Kind: "varchar", Size: argument(0, 256)}
	}
	return Shape{}
}

func (s Shape) String() string {
	switch s.Kind {
	case "integer":
		return map[int]string{2: "smallint", 4: "integer", 8: "bigint"}[s.Size]
	case "decimal":
		return "decimal(" + strconv.Itoa(s.Size) + ", " + strconv.Itoa(s.Scale) + ")"
	case "varchar":
		return "varchar(" + strconv.Itoa(s.Size) + ")"
	}
	return "unknown"
}

// narrower says what happens to a value of the other shape; empty if each one fits.
func (s Shape) narrower(other Shape) string {
	switch {
	case s.Kind != other.Kind:
		return ""
	case s.Kind == "varchar" && s.Size < other.Size:
		return "a longer value would stop the run"
	case s.Kind == "integer" && s.Size < other.Size, s.Kind == "decimal" && s.Size-s.Scale < other.Size-other.Scale:
		return "a greater value would stop the run"
	case s.Kind == "decimal" && s.Scale < other.Scale:
		return "values would be rounded"
	}
	return ""
}

// What Redshift and Hive call types that Athena's queries call otherwise: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
var notInAthena = map[string]string{
	"text": "varchar", "string": "varchar", "nvarchar": "varchar", "int8": "bigint", "int4": "integer", "int2": "smallint",
	"float8": "double", "float4": "real", "timestamptz": "timestamp with time zone", "super": "json",
}

// castTo checks the type that a value is made.
func (k *checker) castTo(found sqlType) {
	if other := notInAthena[found.name]; other != "" && found.plain && k.catalog.Dialect == Athena {
		k.fault(found.line, "Athena has no type %s: use %s", found.name, other)
		return
	}
	k.knownType(found)
}

// knownType reports a type that does not exist.
func (k *checker) knownType(found sqlType) {
	first, _, _ := strings.Cut(found.name, " ")
	if !found.plain {
		return
	}
	switch shape := found.shape(); {
	case shape.Kind == "decimal" && (shape.Size > 38 || shape.Scale > shape.Size):
		k.fault(found.line, "%s does not exist: a decimal has up to 38 digits, those behind its point among them", shape)
		return
	case shape.Kind == "varchar" && shape.Size > 65535 && k.catalog.Dialect == Redshift:
		k.fault(found.line, "%s is too long: varchar holds up to 65535 bytes", shape)
		return
	}
	if k.catalog.Dialect == Athena {
		if !redshiftTypes[first] && !slices.Contains(athenaTypes, first) && nearest(first, athenaTypes) != "" {
			k.fault(found.line, "type %s does not exist%s", first, nearest(first, athenaTypes))
		}
		return
	}
	other, foreign := otherTypes[found.name]
	switch {
	case foreign:
		k.fault(found.line, "Redshift has no type %s: use %s", found.name, other)
	case !redshiftTypes[first] && !catalogTypes[first]:
		remedy := nearest(first, slices.Collect(maps.Keys(redshiftTypes)))
		if remedy == "" {
			remedy = ": https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html lists those there are"
		}
		k.fault(found.line, "Redshift has no type %s%s", first, remedy)
	}
}
