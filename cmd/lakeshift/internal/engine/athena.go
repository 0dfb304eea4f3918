package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lakeshift/cmd/lakeshift/internal/result"
)

// Athena runs statements in a workgroup; tables named without a database are looked up in Database.
type Athena struct {
	Client    *athena.Client
	Workgroup string
	Database  string
	Poll      time.Duration // first pause between two looks at a statement's state
}

// Query runs sql and reads every page of its result.
func (a Athena) Query(ctx context.Context, sql string) (result.Table, error) {
	started, err := a.Client.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString:           &sql,
		WorkGroup:             &a.Workgroup,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &a.Database},
	})
	if err != nil {
		return result.Table{}, refusal("athena", "", err)
	}
	id := aws.ToString(started.QueryExecutionId)
	var execution *types.QueryExecution
	err = wait(ctx, a.Poll, 20*a.Poll, func() (bool, error) {
		out, err := a.Client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			return false, err
		}
		execution = out.QueryExecution
		if execution == nil || execution.Status == nil {
			return false, fmt.Errorf("athena answered no state for query %s", id)
		}
		switch execution.Status.State {
		case types.QueryExecutionStateSucceeded:
			return true, nil
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return false, &Refused{Engine: "athena", ID: id, Message: reason(execution.Status)}
		}
		return false, nil
	})
	cancelOnExit(err, func(ctx context.Context) {
		_, _ = a.Client.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id})
	})
	if err != nil {
		return result.Table{}, err
	}
	return a.rows(ctx, id, execution.StatementType)
}

func (a Athena) rows(ctx context.Context, id string, statement types.StatementType) (result.Table, error) {
	var table result.Table
	pages := athena.NewGetQueryResultsPaginator(a.Client, &athena.GetQueryResultsInput{QueryExecutionId: &id})
	for first := true; pages.HasMorePages(); first = false {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return result.Table{}, err
		}
		if page.ResultSet == nil {
			continue
		}
		if first && page.ResultSet.ResultSetMetadata != nil {
			for _, column := range page.ResultSet.ResultSetMetadata.ColumnInfo {
				table.Columns = append(table.Columns, result.Column{Name: aws.ToString(column.Name), Type: aws.ToString(column.Type)})
			}
		}
		rows := page.ResultSet.Rows
		if first && statement != types.StatementTypeDdl && isHeader(rows, table.Columns) {
			rows = rows[1:]
		}
		for _, row := range rows {
			table.Rows = append(table.Rows, athenaRow(row, table.Columns))
		}
	}
	return table, nil
}

// isHeader tells the line of column names that Athena puts before the rows of a SELECT, and before no other statement's.
func isHeader(rows []types.Row, columns []result.Column) bool {
	if len(rows) == 0 || len(columns) == 0 || len(rows[0].Data) != len(columns) {
		return false
	}
	for i, datum := range rows[0].Data {
		if datum.VarCharValue == nil || *datum.VarCharValue != columns[i].Name {
			return false
		}
	}
	return true
}

func athenaRow(row types.Row, columns []result.Column) []any {
	values := make([]any, len(columns))
	// DESCRIBE answers its columns in one text, between tabs.
	if len(row.Data) == 1 && len(columns) > 1 && row.Data[0].VarCharValue != nil {
		for i, text := range strings.SplitN(*row.Data[0].VarCharValue, "\t", len(columns)) {
			values[i] = strings.TrimSpace(text)
		}
		return values
	}
	for i := range columns {
		if i < len(row.Data) && row.Data[i].VarCharValue != nil {
			values[i] = result.Value(columns[i].Type, *row.Data[i].VarCharValue)
		}
	}
	return values
}

func reason(status *types.QueryExecutionStatus) string {
	if message := aws.ToString(status.StateChangeReason); message != "" {
		return message
	}
	if status.AthenaError != nil && aws.ToString(status.AthenaError.ErrorMessage) != "" {
		return *status.AthenaError.ErrorMessage
	}
	return "the query is " + string(status.State)
}
