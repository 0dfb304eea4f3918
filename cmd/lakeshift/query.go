package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/engine"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
	"lakeshift/config/sqltext"
)

func (a *app) queryCommand() *cobra.Command {
	var engineName, file string
	var csv bool
	command := &cobra.Command{
		Use:   "query --engine warehouse|athena {SQL | -f FILE}",
		Short: "Ask the warehouse or Athena",
		Long: `Run one SQL statement and show all of its rows: as a table, as --csv, or as --json
({"columns":[{"name","type"}],"rows":[[...]]}, decimals as strings).

warehouse   Redshift, database ` + config.Database + `; you are the database user of your AWS identity
athena      the lake: published tables are found by their name alone, raw ones by database

SQL may use ${raw_database}, ${curated_database} and the other placeholders that files in sql/ use.`,
		Example: `  lakeshift query --engine warehouse 'select * from analytics.daily_sales_summary'
  lakeshift query --engine athena 'select count(*) from ${raw_database}.sales'
  lakeshift query --engine athena -f sql/sales/athena/queries/20_sales_by_region.sql --csv
  echo 'select 1' | lakeshift query --engine warehouse -f -`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return usagef("expected one SQL statement, found %d arguments: put it between quotes", len(args))
			case len(args) == 1 && file != "":
				return usagef("expected SQL or -f FILE, found both")
			case len(args) == 0 && file == "":
				return usagef("expected SQL or -f FILE: lakeshift query --engine warehouse 'select 1'")
			case csv && a.json:
				return usagef("--csv and --json exclude each other")
			case engineName != "warehouse" && engineName != "athena":
				return usagef("--engine %q: expected warehouse or athena", engineName)
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.verb(func(command *cobra.Command, args []string) error {
			sql, err := statement(args, file, command.InOrStdin())
			if err != nil {
				return err
			}
			root, err := target.Root()
			if err != nil {
				return err
			}
			t, err := a.connect(command, root)
			if err != nil {
				return err
			}
			if sql, err = fillIn(sql, file, t.Names); err != nil {
				return err
			}
			var asked engine.Engine = t.Redshift()
			if engineName == "athena" {
				asked = t.Athena()
			}
			table, err := asked.Query(command.Context(), sql)
			switch {
			case err != nil:
				return err
			case a.json:
				return table.WriteJSON(a.out)
			case csv:
				return table.WriteCSV(a.out)
			case len(table.Columns) == 0:
				a.err.Printf("done; the statement answers no rows\n")
			}
			return table.WriteText(a.out)
		}),
	}
	flags := command.Flags()
	flags.StringVar(&engineName, "engine", "", "warehouse or athena (required)")
	flags.StringVarP(&file, "file", "f", "", "read the statement from a file, - for stdin")
	flags.BoolVar(&csv, "csv", false, "write CSV with a header line")
	_ = command.RegisterFlagCompletionFunc("engine", cobra.FixedCompletions([]string{"warehouse", "athena"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

// statement reads the SQL from the arguments, a file or stdin, without the semicolon that ends it in files.
func statement(args []string, file string, stdin io.Reader) (string, error) {
	var text []byte
	var err error
	switch {
	case len(args) == 1:
		text = []byte(args[0])
	case file == "-":
		text, err = io.ReadAll(stdin)
	default:
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return "", err
	}
	sql := strings.TrimRight(string(text), "; \t\r\n")
	if strings.TrimSpace(sql) == "" {
		return "", errors.New("the statement is empty")
	}
	return sql, nil
}

// fillIn puts this environment's names for ${name} placeholders. Names that only a run knows, such as run_id, are unknown here.
func fillIn(sql, file string, names config.Names) (string, error) {
	role := func(actor string) string {
		return "arn:aws:iam::" + names.Account + ":role/" + names.Role(actor)
	}
	values := map[string]string{
		"environment":      names.Environment,
		"region":           names.Region,
		"database":         config.Database,
		"raw_database":     names.RawDatabase(),
		"curated_database": names.CuratedDatabase(),
		"curated_uri":      names.CuratedURI(),
		"load_user":        names.DatabaseUser("load"),
		"transform_user":   names.DatabaseUser("transform"),
		"check_user":       names.DatabaseUser("check"),
		"copy_role_arn":    role("warehouse-load"),
		"publish_role_arn": role("warehouse-publish"),
		"lake_role_arn":    role("warehouse-lake"),
	}
	if file == "" {
		file = "statement"
	}
	var faults []error
	for _, fault := range sqltext.CheckPlaceholders(sql, slices.Sorted(maps.Keys(values))) {
		faults = append(faults, fmt.Errorf("%s:%d: %s", file, fault.Line, fault.Message))
	}
	return sqltext.Fill(sql, values), errors.Join(faults...)
}
