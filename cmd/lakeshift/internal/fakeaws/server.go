// Package fakeaws answers the AWS calls of the command line's tests from files.
//
// The folder it serves holds <Action>.json for each call, or <Action>.1.json, <Action>.2.json … for the first, second …
// of them, the last one for all that follow. An answer with a "__type" is an error of that type. queries/*.json are SQL
// statements that either engine knows, and s3/<bucket>/<key> are objects. CloudFormation, which speaks XML, is answered
// from <Action>.<stack or detection>.xml or <Action>.xml; an <ErrorResponse> is an error. Every call is a line of requests.txt.
package fakeaws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Server is a fake AWS on a loopback port.
type Server struct {
	URL    string
	folder string
	server *httptest.Server
	mu     sync.Mutex
	calls  map[string]int
	asked  map[string]statement // by execution id
}

// Start serves the answers in folder; requests are written there too.
func Start(folder string) *Server {
	s := &Server{folder: folder, calls: map[string]int{}, asked: map[string]statement{}}
	s.server = httptest.NewServer(http.HandlerFunc(s.handle))
	s.URL = s.server.URL
	return s
}

// Close stops it.
func (s *Server) Close() { s.server.Close() }

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, action, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		s.note("%s %s", action, body)
		s.answer(w, action, body)
		return
	}
	if strings.Contains(string(body), "Action=GetCallerIdentity") {
		s.note("GetCallerIdentity")
		fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		return
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		s.note("%s %s", form.Get("Action"), form.Get("StackName"))
		s.answerXML(w, form)
		return
	}
	s.note("%s %s", r.Method, r.URL.Path)
	s.object(w, r, body)
}

func (s *Server) note(format string, args ...any) {
	file, err := os.OpenFile(filepath.Join(s.folder, "requests.txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	fmt.Fprintf(file, format+"\n", args...)
}

func (s *Server) answer(w http.ResponseWriter, action string, body []byte) {
	var request map[string]any
	_ = json.Unmarshal(body, &request)
	if reply := s.query(action, request); reply != nil {
		writeJSON(w, reply)
		return
	}
	s.calls[action]++
	names := []string{action + ".json"}
	for n := s.calls[action]; n > 0; n-- {
		names = append(names, fmt.Sprintf("%s.%d.json", action, n))
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(s.folder, name))
		if err != nil {
			continue
		}
		var reply map[string]any
		if err := json.Unmarshal(text, &reply); err != nil {
			http.Error(w, name+": "+err.Error(), http.StatusInternalServerError)
			return
		}
		writeJSON(w, reply)
		return
	}
	writeJSON(w, map[string]any{"__type": "UnexpectedCall", "message": "no answer is prepared for " + action})
}

func (s *Server) answerXML(w http.ResponseWriter, form url.Values) {
	reply := []byte("<ErrorResponse><Error><Code>UnexpectedCall</Code><Message>no answer is prepared for " + form.Get("Action") + "</Message></Error></ErrorResponse>")
	of := form.Get("StackName") + form.Get("StackDriftDetectionId")
	for _, name := range []string{form.Get("Action") + "." + of + ".xml", form.Get("Action") + ".xml"} {
		if text, err := os.ReadFile(filepath.Join(s.folder, name)); err == nil {
			reply = text
			break
		}
	}
	w.Header().Set("Content-Type", "text/xml")
	if strings.Contains(string(reply), "<ErrorResponse") {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(reply)
}

func writeJSON(w http.ResponseWriter, reply map[string]any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if kind, ok := reply["__type"].(string); ok {
		w.Header().Set("X-Amzn-Errortype", kind)
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(reply)
}

func (s *Server) object(w http.ResponseWriter, r *http.Request, body []byte) {
	path := filepath.Join(s.folder, "s3", filepath.FromSlash(r.URL.Path))
	switch r.Method {
	case http.MethodPut:
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			panic(err)
		}
		if err := os.WriteFile(path, body, 0o600); err != nil {
			panic(err)
		}
		w.Header().Set("X-Amz-Version-Id", "version-1")
		w.Header().Set("ETag", `"etag"`)
	case http.MethodGet, http.MethodHead:
		text, err := os.ReadFile(path)
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`)
			return
		}
		_, _ = w.Write(text)
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}
