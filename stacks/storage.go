package stacks

import "lakeshift/constructs"

func newStorage(e environment) constructs.Lake {
	stack := e.stack("Storage", e.names.Stack("storage"), "the lake's buckets")
	lake := constructs.NewLake(stack, "Lake", constructs.LakeProps{
		RawBucket:           e.names.RawBucket(),
		ProcessedBucket:     e.names.ProcessedBucket(),
		ArtifactsBucket:     e.names.ArtifactsBucket(),
		AthenaResultsBucket: e.names.AthenaResultsBucket(),
		AccessLogsBucket:    e.names.AccessLogsBucket(),
		RawVersionDays:      e.Retention.RawVersions,
		RawInfrequentDays:   e.Retention.RawInfrequent,
		StagingDays:         e.Retention.Staging,
		RunSummaryDays:      e.Retention.RunSummaries,
		AthenaResultDays:    e.Retention.AthenaResults,
		AccessLogDays:       e.Retention.AccessLogs,
		DestroyData:         e.DestroyData,
	})
	output(stack, "RawBucket", lake.RawName, "Upload raw files here, under <dataset>/year=YYYY/month=MM/day=DD/")
	output(stack, "ProcessedBucket", lake.ProcessedName, "Staging, curated and rejected zones")
	output(stack, "ArtifactsBucket", lake.ArtifactsName, "Run summaries, under runs/<dataset>/")
	return lake
}
