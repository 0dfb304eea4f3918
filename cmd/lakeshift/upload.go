package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// uploaded is what `upload --json` says of one file.
type uploaded struct {
	Dataset   string `json:"dataset"`
	Date      string `json:"date"`
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"version_id"`
	Bytes     int64  `json:"bytes"`
	Replaced  bool   `json:"replaced"`  // an object of that name stood there before
	Partition string `json:"partition"` // "created" or "existing"
}

func (a *app) uploadCommand() *cobra.Command {
	var date, as string
	command := &cobra.Command{
		Use:   "upload DATASET FILE...",
		Short: "Put files into the raw zone, under the day they belong to",
		Long: `Put files into the raw zone, under year=YYYY/month=MM/day=DD, and make them known to the catalog.

They are queryable in the raw table at once and loaded by the dataset's next run. A file of the
same name for the same day replaces the earlier one, even by the same content: the next run takes
the old rows out and the new ones in. Nothing is lost by that, the raw zone keeps versions.`,
		Example: `  lakeshift upload sales orders.csv --date 2025-01-15
  lakeshift upload sales shop-*.csv.gz --date 2025-01-15 --env dev
  lakeshift upload sales corrected.csv --as orders.csv --date 2025-01-15`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("expected a dataset and at least one file: lakeshift upload DATASET FILE... --date YYYY-MM-DD")
			}
			return nil
		},
		ValidArgsFunction: completeDataset,
		RunE: a.verb(func(command *cobra.Command, args []string) error {
			day, err := parseDate(date)
			if err != nil {
				return err
			}
			root, loaded, err := project()
			if err != nil {
				return err
			}
			dataset, err := datasetNamed(loaded, args[0])
			if err != nil {
				return err
			}
			files, err := filesToUpload(args[1:], as, dataset.Source.Format)
			if err != nil {
				return err
			}
			t, err := a.connect(command, root)
			if err != nil {
				return err
			}
			return a.upload(command.Context(), t, dataset, day, files)
		}),
	}
	command.Flags().StringVar(&date, "date", "", "day the records belong to, YYYY-MM-DD (required)")
	command.Flags().StringVar(&as, "as", "", "name in the raw zone, for a single file (default: the file's own)")
	return command
}

// parseDate takes YYYY-MM-DD and no day that is not in the calendar.
func parseDate(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, usagef("--date is missing: the day the records belong to, as YYYY-MM-DD")
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 1 {
		return time.Time{}, usagef("--date %q is no day: expected YYYY-MM-DD, such as 2025-01-15", text)
	}
	return day, nil
}

// source is a file on its way and the name it gets.
type source struct {
	path, name string
	size       int64
}

// filesToUpload looks at every file before the first one goes up.
func filesToUpload(paths []string, as, format string) ([]source, error) {
	if as != "" && len(paths) > 1 {
		return nil, usagef("--as names a single file; %d were given", len(paths))
	}
	var faults []error
	var sources []source
	taken := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if as != "" {
			name = as
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			faults = append(faults, fmt.Errorf("%s: no such file", path))
			continue
		case err != nil:
			faults = append(faults, err)
			continue
		case info.IsDir():
			faults = append(faults, fmt.Errorf("%s is a folder: name the files in it", path))
			continue
		case !info.Mode().IsRegular():
			faults = append(faults, fmt.Errorf("%s is no regular file: its size must be known", path))
			continue
		}
		if fault := nameFault(name); fault != "" {
			faults = append(faults, fmt.Errorf("%s: the name %q %s; choose another with --as", path, name, fault))
		} else if fault := compressionFault(path, name); fault != "" {
			faults = append(faults, fmt.Errorf("%s %s", path, fault))
		} else if fault := parquetFault(path, format); fault != "" {
			faults = append(faults, fmt.Errorf("%s %s", path, fault))
		}
		if other, ok := taken[name]; ok {
			faults = append(faults, fmt.Errorf("%s and %s have the same name: the second would replace the first", other, path))
		}
		taken[name] = path
		sources = append(sources, source{path: path, name: name, size: info.Size()})
	}
	return sources, errors.Join(faults...)
}

func nameFault(name string) string {
	switch {
	case strings.HasPrefix(name, "_") || strings.HasPrefix(name, "."):
		// https://docs.aws.amazon.com/athena/latest/ug/tables-location-format.html
		return "begins with '_' or '.': crawlers and Athena do not see such objects"
	case strings.ContainsAny(name, "/\\"):
		return "holds a slash: every file stands directly under its day"
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "holds a control character"
	case len(name) > 255:
		return "is longer than 255 bytes"
	}
	return ""
}

// Suffixes by which Athena and Redshift Spectrum unpack a file, and the load does not, or the other way round.
// https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
var otherCompressions = []string{".bz2", ".deflate", ".lz4", ".lzo", ".snappy", ".xz", ".zip", ".zst"}

// compressionFault finds files that not every reader of the raw zone would unpack. A gzip file that breaks off
// would fail every Athena query over the dataset, so it is read to its end.
func compressionFault(path, name string) string {
	suffix := filepath.Ext(name)
	if slices.Contains(otherCompressions, strings.ToLower(suffix)) {
		return fmt.Sprintf("is compressed as %s: pack it with gzip, as .gz", suffix)
	}
	if suffix != ".gz" && strings.EqualFold(suffix, ".gz") {
		return fmt.Sprintf("has the suffix %s, which Athena does not unpack: name it .gz with --as", suffix)
	}
	file, err := os.Open(path)
	if err != nil {
		return "can't be read: " + err.Error()
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	switch {
	case suffix != ".gz" && err == nil:
		return "is a gzip file: name it .gz with --as"
	case suffix == ".gz" && err == nil:
		_, err = io.Copy(io.Discard, unpacked)
	}
	if suffix == ".gz" && err != nil {
		return fmt.Sprintf("can't be unpacked: %s", err)
	}
	return ""
}

// parquetFault finds files of the other kind, and Parquet without its end: either would fail every query over the dataset.
// A file without a byte is none of both: it takes out what stood under its name.
func parquetFault(path, format string) string {
	const magic = "PAR1"
	content, err := os.Open(path)
	if err != nil {
		return "can't be read: " + err.Error()
	}
	defer content.Close()
	begin, end := make([]byte, len(magic)), make([]byte, len(magic))
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil && size > 0 {
		_, _ = content.ReadAt(begin, 0)
		_, _ = content.ReadAt(end, max(0, size-int64(len(magic))))
	}
	switch {
	case err != nil:
		return "can't be read: " + err.Error()
	case size == 0:
		return ""
	case format != "parquet" && string(begin) == magic:
		return fmt.Sprintf("is a Parquet file: the dataset's files are %s", format)
	case format == "parquet" && string(begin) != magic:
		return "is no Parquet file"
	case format == "parquet" && string(end) != magic:
		return "is a Parquet file that breaks off"
	}
	return ""
}

func (a *app) upload(ctx context.Context, t *target.Target, dataset config.Dataset, day time.Time, files []source) error {
	catalog := t.Glue()
	// Before anything goes up: without the table the files would be nobody's.
	table, err := catalog.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String(t.RawDatabase()), Name: aws.String(dataset.RawTable())})
	if missing := (*gluetypes.EntityNotFoundException)(nil); errors.As(err, &missing) {
		return notDeployed(a.env, "table "+t.RawDatabase()+"."+dataset.RawTable())
	}
	if err != nil {
		return err
	}
	folder := fmt.Sprintf("%s/year=%04d/month=%02d/day=%02d/", dataset.Name, day.Year(), day.Month(), day.Day())
	done := []uploaded{}
	for _, file := range files {
		one := uploaded{
			Dataset: dataset.Name, Date: day.Format(time.DateOnly),
			Bucket: t.RawBucket(), Key: folder + file.name, Bytes: file.size,
		}
		if err := a.put(ctx, t.S3(), file, &one); err != nil {
			return fmt.Errorf("%s: uploading to s3://%s/%s: %w", file.path, one.Bucket, one.Key, err)
		}
		done = append(done, one)
	}
	partition, err := registerPartition(ctx, catalog, table.Table, day, "s3://"+t.RawBucket()+"/"+folder)
	if err != nil {
		return fmt.Errorf("the files are uploaded, but the catalog does not know their partition yet (a run will add it): %w", err)
	}
	for i, one := range done {
		done[i].Partition = partition
		if one.Bytes == 0 {
			a.err.Printf("warning: %s is empty: it holds no records\n", files[i].path)
		}
		if !a.json {
			what := "uploaded"
			if one.Replaced {
				what = "replaced"
			}
			a.out.Printf("%s s3://%s/%s (%s)\n", a.out.Good(what), one.Bucket, one.Key, screen.Bytes(one.Bytes))
		}
	}
	if a.json {
		return a.writeJSON(done)
	}
	if partition == "created" {
		a.out.Printf("added partition %s to table %s.%s\n", day.Format(time.DateOnly), t.RawDatabase(), dataset.RawTable())
	}
	a.out.Printf("%s\n", a.out.Dim(fmt.Sprintf("load it with 'lakeshift run %s%s'", dataset.Name, a.envFlag())))
	return nil
}

// put uploads one file, large ones in parts, and notes what became of it.
func (a *app) put(ctx context.Context, client *s3.Client, file source, one *uploaded) error {
	_, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &one.Bucket, Key: &one.Key})
	one.Replaced = err == nil
	body, err := os.Open(file.path)
	if err != nil {
		return err
	}
	defer body.Close()
	bar := a.err.NewProgress(file.name, file.size)
	defer bar.Clear()
	out, err := transfermanager.New(client).UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket: &one.Bucket,
		Key:    &one.Key,
		Body:   body,
	}, func(o *transfermanager.Options) { o.ObjectProgressListeners.Register(watcher{bar}) })
	if err != nil {
		return err
	}
	one.VersionID = aws.ToString(out.VersionID)
	return nil
}

type watcher struct{ bar *screen.Progress }

func (w watcher) OnObjectBytesTransferred(_ context.Context, event *transfermanager.ObjectBytesTransferredEvent) {
	w.bar.Set(event.BytesTransferred)
}

// registerPartition makes the day known to the catalog as the crawler would: the table's own description, at the day's location.
func registerPartition(ctx context.Context, catalog *glue.Client, table *gluetypes.Table, day time.Time, location string) (string, error) {
	if table == nil || table.StorageDescriptor == nil {
		return "", errors.New("glue answered a table without a storage descriptor")
	}
	storage := *table.StorageDescriptor
	storage.Location = &location
	_, err := catalog.CreatePartition(ctx, &glue.CreatePartitionInput{
		DatabaseName: table.DatabaseName,
		TableName:    table.Name,
		PartitionInput: &gluetypes.PartitionInput{
			Values:            []string{fmt.Sprintf("%04d", day.Year()), fmt.Sprintf("%02d", day.Month()), fmt.Sprintf("%02d", day.Day())},
			StorageDescriptor: &storage,
		},
	})
	if exists := (*gluetypes.AlreadyExistsException)(nil); errors.As(err, &exists) {
		return "existing", nil
	}
	if err != nil {
		return "", err
	}
	return "created", nil
}

// notDeployed says that environment env lacks something the stacks make.
func notDeployed(env, what string) error {
	how := fmt.Sprintf("cdk deploy '%s/*'", env)
	if env == target.Local {
		how = "lakeshift local up"
	}
	return fmt.Errorf("environment %s has no %s: deploy it with %q", env, what, how)
}

// envFlag repeats --env in commands that are shown to be typed.
func (a *app) envFlag() string {
	if a.env == target.Local {
		return ""
	}
	return " --env " + a.env
}
