package sample

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	bom = "\xef\xbb\xbf"
	// what the load takes for one line at the most
	maxLine = 4 << 20
)

// open reads a file, unpacked if its name ends in .gz as the load would. Read is told of the bytes read, before unpacking.
func open(path string, read func(bytes int)) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		file.Close()
		return nil, fmt.Errorf("%s is a folder: name the files in it", path)
	}
	counted := counter{file, read}
	if !strings.HasSuffix(path, ".gz") {
		return counted, nil
	}
	unpacked, err := gzip.NewReader(counted)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s can't be unpacked: %w", path, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{unpacked, file}, nil
}

// counter tells of each read.
type counter struct {
	io.ReadCloser
	read func(bytes int)
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.read(n)
	return n, err
}

func head(path string) (string, error) {
	file, err := open(path, func(int) {})
	if err != nil {
		return "", err
	}
	defer file.Close()
	start := make([]byte, 64<<10)
	n, err := io.ReadFull(file, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return string(start[:n]), nil
}

// eachLine calls do with each line's number and text, without its end, until it answers false.
func eachLine(path string, read func(bytes int), do func(number int64, line string) bool) error {
	file, err := open(path, read)
	if err != nil {
		return err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 256<<10), maxLine+2)
	scanner.Split(splitLines)
	for number := int64(1); scanner.Scan(); number++ {
		line := scanner.Text()
		if number == 1 {
			line = strings.TrimPrefix(line, bom)
		}
		if !do(number, line) {
			return nil
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// splitLines ends a line at CR LF, LF or CR, as the load does.
func splitLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	end := bytes.IndexAny(data, "\r\n")
	switch {
	case end < 0 && atEOF && len(data) > 0:
		return len(data), data, nil
	case end < 0:
		return 0, nil, nil
	case data[end] == '\n':
		return end + 1, data[:end], nil
	case end+1 < len(data) && data[end+1] == '\n':
		return end + 2, data[:end], nil
	case end+1 == len(data) && !atEOF:
		return 0, nil, nil // perhaps half of a CR LF
	}
	return end + 1, data[:end], nil
}

func isBlank(line string) bool { return strings.Trim(line, " \t") == "" }
