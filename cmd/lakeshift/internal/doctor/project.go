package doctor

import (
	"context"
	"fmt"

	"lakeshift/config"
)

// Project looks at environments, contracts and SQL, as `validate` does.
func Project(ctx context.Context, root string) []Finding {
	return all(ctx, "project", func(context.Context) []Finding {
		loaded, faults, err := config.Validate(root)
		if err != nil {
			return one("configuration", Failure, err.Error(), "see 'lakeshift validate'")
		}
		wrong, warned := len(faults.Of(config.Error)), len(faults.Of(config.Warning))
		found := fmt.Sprintf("%d environments, %d datasets", len(loaded.Environments), len(loaded.Datasets))
		switch {
		case wrong > 0:
			return one("configuration", Failure, fmt.Sprintf("%s, %d faults", found, wrong), "'lakeshift validate' names each with its remedy")
		case warned > 0:
			return one("configuration", OK, fmt.Sprintf("%s, %d warnings ('lakeshift validate' shows them)", found, warned), "")
		}
		return one("configuration", OK, found, "")
	})
}
