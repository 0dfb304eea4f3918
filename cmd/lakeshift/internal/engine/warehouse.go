package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"
	"github.com/aws/smithy-go"

	"lakeshift/cmd/lakeshift/internal/result"
)

// Warehouse says where the Redshift database is. Only this type knows that there are two kinds of it.
type Warehouse struct {
	Kind     Kind
	Name     string // the workgroup's or the cluster's
	Database string
}

// Kind is serverless (a workgroup) or provisioned (a cluster).
type Kind string

// The kinds there are.
const (
	Workgroup Kind = "workgroup"
	Cluster   Kind = "cluster"
)

func (w Warehouse) statement(sql string) *redshiftdata.ExecuteStatementInput {
	input := &redshiftdata.ExecuteStatementInput{Sql: &sql, Database: &w.Database}
	if w.Kind == Cluster {
		// Without DbUser the Data API logs in as the caller's IAM identity, as it does for a workgroup.
		input.ClusterIdentifier = &w.Name
	} else {
		input.WorkgroupName = &w.Name
	}
	return input
}

// Redshift runs statements in a warehouse as the caller's own database user (IAM:… or IAMR:…).
type Redshift struct {
	Client    *redshiftdata.Client
	Warehouse Warehouse
	Poll      time.Duration // first pause between two looks at a statement's state
}

// Query runs sql and reads every page of its result.
func (r Redshift) Query(ctx context.Context, sql string) (result.Table, error) {
	started, err := r.Client.ExecuteStatement(ctx, r.Warehouse.statement(sql))
	if err != nil {
		return result.Table{}, refusal("warehouse", "", err)
	}
	id := aws.ToString(started.Id)
	hasRows := false
	err = wait(ctx, r.Poll, 20*r.Poll, func() (bool, error) {
		out, err := r.Client.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: &id})
		if err != nil {
			return false, err
		}
		switch out.Status {
		case types.StatusStringFinished:
			hasRows = aws.ToBool(out.HasResultSet)
			return true, nil
		case types.StatusStringFailed, types.StatusStringAborted:
			message := aws.ToString(out.Error)
			if message == "" {
				message = "the statement is " + string(out.Status)
			}
			return false, &Refused{Engine: "warehouse", ID: id, Message: message}
		}
		return false, nil
	})
	cancelOnExit(err, func(ctx context.Context) {
		_, _ = r.Client.CancelStatement(ctx, &redshiftdata.CancelStatementInput{Id: &id})
	})
	if err != nil || !hasRows {
		return result.Table{}, err
	}
	return r.rows(ctx, id)
}

func (r Redshift) rows(ctx context.Context, id string) (result.Table, error) {
	var table result.Table
	pages := redshiftdata.NewGetStatementResultPaginator(r.Client, &redshiftdata.GetStatementResultInput{Id: &id})
	for first := true; pages.HasMorePages(); first = false {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return result.Table{}, err
		}
		if first {
			for _, column := range page.ColumnMetadata {
				name := aws.ToString(column.Label)
				if name == "" {
					name = aws.ToString(column.Name)
				}
				table.Columns = append(table.Columns, result.Column{Name: name, Type: aws.ToString(column.TypeName)})
			}
		}
		for _, record := range page.Records {
			values := make([]any, len(record))
			for i, field := range record {
				values[i] = fieldValue(table.Columns[i].Type, field)
			}
			table.Rows = append(table.Rows, values)
		}
	}
	return table, nil
}

func fieldValue(typeName string, field types.Field) any {
	switch f := field.(type) {
	case *types.FieldMemberStringValue:
		return result.Value(typeName, f.Value)
	case *types.FieldMemberLongValue:
		return result.Value(typeName, strconv.FormatInt(f.Value, 10))
	case *types.FieldMemberDoubleValue:
		return result.Float(f.Value)
	case *types.FieldMemberBooleanValue:
		return f.Value
	case *types.FieldMemberBlobValue:
		return fmt.Sprintf("\\x%x", f.Value)
	}
	return nil
}

// refusal turns a service's complaint about the statement itself into the engine's answer; other errors stay what they are.
func refusal(engine, id string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "ValidationException", "InvalidRequestException", "ActiveStatementsExceededException", "TooManyRequestsException":
			return &Refused{Engine: engine, ID: id, Message: api.ErrorMessage()}
		}
	}
	return err
}
