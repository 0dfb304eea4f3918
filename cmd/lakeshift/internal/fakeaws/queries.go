package fakeaws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// statement is a file of queries/: what either engine answers to SQL that contains Match.
type statement struct {
	Match   string      `json:"match"`
	Columns [][2]string `json:"columns"` // name and type
	Rows    [][]any     `json:"rows"`    // Athena: strings or null; warehouse: fields as the Data API writes them, or null
	Error   string      `json:"error"`
	Forever bool        `json:"forever"` // the statement never ends
}

// pageRows makes two rows a page, so that every test of more rows reads several.
const pageRows = 2

// query plays both engines; it answers nil to calls that are not theirs.
func (s *Server) query(action string, request map[string]any) map[string]any {
	switch action {
	case "StartQueryExecution":
		id := s.begin(request["QueryString"])
		return map[string]any{"QueryExecutionId": id}
	case "ExecuteStatement":
		id := s.begin(request["Sql"])
		return map[string]any{"Id": id}
	case "GetQueryExecution":
		id, asked := s.find(request["QueryExecutionId"])
		status := map[string]any{"State": "SUCCEEDED"}
		if asked.Error != "" {
			status = map[string]any{"State": "FAILED", "StateChangeReason": asked.Error}
		} else if asked.Forever {
			status["State"] = "RUNNING"
		}
		return map[string]any{"QueryExecution": map[string]any{"QueryExecutionId": id, "StatementType": "DML", "Status": status}}
	case "DescribeStatement":
		id, asked := s.find(request["Id"])
		reply := map[string]any{"Id": id, "Status": "FINISHED", "HasResultSet": asked.Columns != nil}
		if asked.Error != "" {
			reply["Status"], reply["Error"] = "FAILED", asked.Error
		} else if asked.Forever {
			reply["Status"] = "STARTED"
		}
		return reply
	case "GetQueryResults":
		_, asked := s.find(request["QueryExecutionId"])
		return athenaPage(asked, request["NextToken"])
	case "GetStatementResult":
		_, asked := s.find(request["Id"])
		return warehousePage(asked, request["NextToken"])
	case "StopQueryExecution", "CancelStatement":
		return map[string]any{}
	}
	return nil
}

func (s *Server) begin(sql any) (id string) {
	id = fmt.Sprintf("execution-%d", len(s.asked)+1)
	found := statement{Error: fmt.Sprintf("no answer is prepared for %v", sql)}
	files, _ := filepath.Glob(filepath.Join(s.folder, "queries", "*.json"))
	for _, file := range files {
		var candidate statement
		text, err := os.ReadFile(file)
		if err == nil {
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.UseNumber() // whole numbers beyond a float's 53 bits are part of what is tested
			err = decoder.Decode(&candidate)
		}
		if err != nil {
			found.Error = file + ": " + err.Error()
			break
		}
		if strings.Contains(fmt.Sprint(sql), candidate.Match) {
			found = candidate
			break
		}
	}
	s.asked[id] = found
	return id
}

func (s *Server) find(id any) (string, statement) { return fmt.Sprint(id), s.asked[fmt.Sprint(id)] }

// page cuts the rows from where the token points, and says where the next page begins.
func page(rows [][]any, token any) (cut [][]any, next any) {
	begin := 0
	if token != nil {
		_, _ = fmt.Sscan(fmt.Sprint(token), &begin)
	}
	end := min(len(rows), begin+pageRows)
	if end < len(rows) {
		next = fmt.Sprint(end)
	}
	return rows[begin:end], next
}

func athenaPage(asked statement, token any) map[string]any {
	header := []any{}
	info := []map[string]any{}
	for _, column := range asked.Columns {
		header = append(header, column[0])
		info = append(info, map[string]any{"Name": column[0], "Type": column[1]})
	}
	cut, next := page(append([][]any{header}, asked.Rows...), token)
	rows := []map[string]any{}
	for _, row := range cut {
		data := []map[string]any{}
		for _, value := range row {
			datum := map[string]any{}
			if value != nil {
				datum["VarCharValue"] = value
			}
			data = append(data, datum)
		}
		rows = append(rows, map[string]any{"Data": data})
	}
	reply := map[string]any{"ResultSet": map[string]any{"Rows": rows, "ResultSetMetadata": map[string]any{"ColumnInfo": info}}}
	if next != nil {
		reply["NextToken"] = next
	}
	return reply
}

func warehousePage(asked statement, token any) map[string]any {
	columns := []map[string]any{}
	for _, column := range asked.Columns {
		columns = append(columns, map[string]any{"name": column[0], "label": column[0], "typeName": column[1]})
	}
	cut, next := page(asked.Rows, token)
	records := [][]any{}
	for _, row := range cut {
		record := []any{}
		for _, value := range row {
			if value == nil {
				value = map[string]any{"isNull": true}
			}
			record = append(record, value)
		}
		records = append(records, record)
	}
	reply := map[string]any{"ColumnMetadata": columns, "Records": records, "TotalNumRows": len(asked.Rows)}
	if next != nil {
		reply["NextToken"] = next
	}
	return reply
}
