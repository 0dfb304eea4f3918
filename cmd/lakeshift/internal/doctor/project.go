package doctor

import (
	"context"

	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/config"
)

// Project looks at environments, contracts and SQL, as `validate` does.
func Project(ctx context.Context, root string) []Finding {
	return all(ctx, "project", func(context.Context) []Finding {
		loaded, faults, err := config.Validate(root)
		if err != nil {
			return one("configuration", Failure, err.Error(), "see 'lakeshift validate'")
		}
		wrong := len(faults.Of(config.Error))
		found := count(len(loaded.Environments), "environment") + ", " + count(len(loaded.Datasets), "dataset")
		switch {
		case wrong > 0:
			return one("configuration", Failure, found+", "+count(wrong, "fault"), "'lakeshift validate' names each with its remedy")
		case len(faults) > 0:
			return one("configuration", OK, found+", "+count(len(faults), "warning")+" (see 'lakeshift validate')", "")
		}
		return one("configuration", OK, found, "")
	})
}

func count(n int, noun string) string { return screen.Count(int64(n), noun) }
