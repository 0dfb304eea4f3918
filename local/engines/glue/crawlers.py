"""Crawlers over tables of the catalog, and their crawls.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
"""

from __future__ import annotations

import json
import logging

from local.engines.glue import flow, model
from local.engines.glue.engine import Engine
from local.engines.glue.errors import GlueError, exists, invalid, not_emulated, not_found
from local.engines.glue.state import public

log = logging.getLogger("lakeshift.glue")

LOG_GROUP = "/aws-glue/crawlers"


# --- definitions --------------------------------------------------------------------------------


def create_crawler(engine: Engine, request: dict) -> dict:
    tags = request.pop("Tags", {})
    name = request["Name"]
    with engine.store.lock:
        if name in engine.store.crawlers:
            raise exists("Crawler", name)
        now = engine.now()
        engine.store.crawlers[name] = {
            **checked(request),
            "State": "READY",
            "CrawlElapsedTime": 0,
            "CreationTime": now,
            "LastUpdated": now,
            "Version": 1,
        }
        if tags:
            engine.store.tags[engine.arn("crawler", name)] = tags
    return {}


def update_crawler(engine: Engine, request: dict) -> dict:
    """Members that are not given stay as they are."""
    with engine.store.lock:
        crawler = _ready(engine, request["Name"])
        crawler.update(checked({**_definition(crawler), **request}))
        crawler.update(LastUpdated=engine.now(), Version=crawler["Version"] + 1)
    return {}


def replace_crawler(engine: Engine, name: str, definition: dict) -> None:
    """As a template's update does: what the template no longer says is unset."""
    with engine.store.lock:
        crawler = _ready(engine, name)
        kept = ("State", "CrawlElapsedTime", "CreationTime", "LastCrawl")
        engine.store.crawlers[name] = {
            **checked({**definition, "Name": name}),
            **{k: crawler[k] for k in kept if k in crawler},
            "LastUpdated": engine.now(),
            "Version": crawler["Version"] + 1,
        }


def delete_crawler(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        _ready(engine, request["Name"])
        del engine.store.crawlers[request["Name"]]
        engine.store.tags.pop(engine.arn("crawler", request["Name"]), None)
    return {}


def get_crawler(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return {"Crawler": _shown(engine, _crawler(engine, request["Name"]))}


def get_crawlers(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        found = [_shown(engine, crawler) for crawler in engine.store.crawlers.values()]
    return model.page(found, request, "Crawlers")


def list_crawlers(engine: Engine, request: dict) -> dict:
    if request.get("Tags"):
        raise not_emulated("ListCrawlers by tags")
    with engine.store.lock:
        return model.page(list(engine.store.crawlers), request, "CrawlerNames")


def batch_get_crawlers(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        known, names = engine.store.crawlers, request["CrawlerNames"]
        return {
            "Crawlers": [_shown(engine, known[n]) for n in names if n in known],
            "CrawlersNotFound": [n for n in names if n not in known],
        }


def _crawler(engine: Engine, name: str) -> dict:
    if name not in engine.store.crawlers:
        raise not_found("Crawler", name)
    return engine.store.crawlers[name]


def _ready(engine: Engine, name: str) -> dict:
    crawler = _crawler(engine, name)
    if crawler["State"] != "READY":
        raise GlueError("CrawlerRunningException", f"Crawler with name {name} is currently running")
    return crawler


def _definition(crawler: dict) -> dict:
    made_here = {
        "State",
        "CrawlElapsedTime",
        "CreationTime",
        "LastUpdated",
        "LastCrawl",
        "Version",
    }
    return {k: v for k, v in crawler.items() if k not in made_here and not k.startswith("_")}


def _shown(engine: Engine, crawler: dict) -> dict:
    answer = public(crawler)
    if crawler["State"] != "READY":
        answer["CrawlElapsedTime"] = int((engine.now() - crawler["_started"]) * 1000)
    return answer


def checked(crawler: dict) -> dict:
    """The definition with AWS's defaults; raises GlueError for what AWS or we refuse.

    Of all that crawlers do, one thing is emulated: to add the partitions of catalog tables, in the
    tables' own format. A crawler that would infer schemas is refused, never half done.
    """
    targets = {kind: given for kind, given in crawler["Targets"].items() if given}
    if set(targets) != {"CatalogTargets"}:
        raise not_emulated(f"crawler targets {', '.join(sorted(targets)) or 'none'} (CatalogTargets are)")
    for target in targets["CatalogTargets"]:
        if target.keys() - {"DatabaseName", "Tables"}:
            raise not_emulated("crawler target members other than DatabaseName and Tables")
    if crawler.get("Schedule"):
        raise not_emulated("a crawler's own schedule (a workflow's trigger starts it)")
    if crawler.get("Classifiers"):
        raise not_emulated("crawler classifiers")
    if crawler.get("LakeFormationConfiguration", {}).get("UseLakeFormationCredentials"):
        raise not_emulated("Lake Formation credentials for a crawler")
    if crawler.get("RecrawlPolicy", {}).get("RecrawlBehavior", "CRAWL_EVERYTHING") != "CRAWL_EVERYTHING":
        raise not_emulated("crawls of new folders or by events only")
    policy = crawler.get("SchemaChangePolicy", {})
    # AWS's defaults are UPDATE_IN_DATABASE and DEPRECATE_IN_DATABASE
    if policy.get("DeleteBehavior") != "LOG":
        raise invalid("SchemaChangePolicy.DeleteBehavior must be LOG for catalog targets")
    if policy.get("UpdateBehavior") != "LOG" or not _inherits(crawler):
        raise not_emulated(
            "crawlers that infer schemas: set SchemaChangePolicy.UpdateBehavior to LOG and "
            "Configuration's CrawlerOutput.Partitions.AddOrUpdateBehavior to InheritFromTable"
        )
    return {
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
        **crawler,
    }


def _inherits(crawler: dict) -> bool:
    try:
        output = json.loads(crawler.get("Configuration") or "{}").get("CrawlerOutput", {})
    except json.JSONDecodeError as error:
        raise invalid(f"Configuration is not JSON: {error}") from error
    return output.get("Partitions", {}).get("AddOrUpdateBehavior") == "InheritFromTable"


# --- crawls --------------------------------------------------------------------------------------


def start_crawler(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        start(engine, request["Name"])
    return {}


def start(engine: Engine, name: str, *, trigger: str | None = None, workflow_run: str | None = None) -> dict:
    """Starts a crawl; hold the lock. Raises GlueError if it can't be started."""
    crawler = _ready(engine, name)
    now = engine.now()
    crawl: dict = {
        "State": "RUNNING",
        "StartedOn": now,
        "LogGroup": LOG_GROUP,
        "LogStream": name,
        "_id": engine.new_id("crawl"),
        "_crawler": name,
        "_trigger": trigger,
        "_workflow_run": workflow_run,
    }
    crawler.update(State="RUNNING", CrawlElapsedTime=0, _started=now, _crawl=crawl["_id"])
    engine.store.crawls[crawl["_id"]] = crawl
    _announce(engine, name, "Started", {"message": "Crawler Started", "startTime": _iso(now)})
    engine.workers.start_crawl(crawl["_id"])
    return crawl


def record_unstarted(engine: Engine, name: str, error: GlueError, trigger: str, workflow_run: str | None) -> None:
    """The crawl that a trigger could not start: state ERROR."""
    now = engine.now()
    crawl_id = engine.new_id("crawl")
    engine.store.crawls[crawl_id] = {
        "State": "ERROR",
        "StartedOn": now,
        "CompletedOn": now,
        "ErrorMessage": f"{error.message} (Service: AWSGlue; Error Code: {error.code})",
        "_id": crawl_id,
        "_crawler": name,
        "_trigger": trigger,
        "_workflow_run": workflow_run,
    }


def stop_crawler(engine: Engine, request: dict) -> dict:
    name = request["Name"]
    with engine.store.lock:
        crawler = _crawler(engine, name)
        if crawler["State"] == "STOPPING":
            raise GlueError("CrawlerStoppingException", f"Crawler with name {name} is stopping")
        if crawler["State"] != "RUNNING":
            raise GlueError("CrawlerNotRunningException", f"Crawler with name {name} isn't running")
        stop(engine, engine.store.crawls[crawler["_crawl"]])
    return {}


def stop(engine: Engine, crawl: dict) -> None:
    """Asks a crawl to end; hold the lock."""
    if crawl["State"] == "RUNNING":
        crawl["State"] = "CANCELLING"
        engine.store.crawlers[crawl["_crawler"]]["State"] = "STOPPING"
        engine.workers.stop_crawl(crawl["_id"])


def saving(engine: Engine, crawl_id: str) -> None:
    """A crawl has seen everything and writes: AWS shows its crawler as STOPPING then."""
    with engine.store.lock:
        crawl = engine.store.crawls.get(crawl_id)
        if crawl and crawl["State"] == "RUNNING":
            engine.store.crawlers[crawl["_crawler"]]["State"] = "STOPPING"


def ended(
    engine: Engine,
    crawl_id: str,
    state: str,
    message: str | None = None,
    partitions_created: int = 0,
) -> None:
    """A crawl came to its end: SUCCEEDED, FAILED or CANCELLED."""
    with engine.store.lock:
        crawl = engine.store.crawls.get(crawl_id)
        if crawl is None or crawl["State"] not in flow.CRAWL_ACTIVE:
            return
        name, now = crawl["_crawler"], engine.now()
        crawl.update(State=state, CompletedOn=now, ErrorMessage=message or None)
        if name in engine.store.crawlers:
            engine.store.crawlers[name].update(
                State="READY",
                CrawlElapsedTime=0,
                LastCrawl={
                    "Status": state,
                    "LogGroup": LOG_GROUP,
                    "LogStream": name,
                    "MessagePrefix": crawl_id.removeprefix("crawl_")[:32],
                    "StartTime": crawl["StartedOn"],
                    **({"ErrorMessage": message} if message else {}),
                },
            )
        if state == "SUCCEEDED":
            _announce(engine, name, "Succeeded", _totals(crawl, partitions_created))
        elif state == "FAILED":
            _announce(engine, name, "Failed", {"message": "Crawler Failed", "errorMessage": message or ""})
        engine.on_event(engine, ("crawler", name, state), crawl["_trigger"], crawl["_workflow_run"])


def _totals(crawl: dict, partitions_created: int) -> dict[str, str]:
    return {
        "message": "Crawler Succeeded",
        "warningMessage": "N/A",
        "runningTime (sec)": str(round(crawl["CompletedOn"] - crawl["StartedOn"])),
        "completionDate": _iso(crawl["CompletedOn"]),
        "tablesCreated": "0",
        "tablesUpdated": "0",
        "tablesDeleted": "0",
        "partitionsCreated": str(partitions_created),
        "partitionsUpdated": "0",
        "partitionsDeleted": "0",
    }


def _announce(engine: Engine, name: str, state: str, detail: dict[str, str]) -> None:
    engine.announce(
        "Glue Crawler State Change",
        {
            "accountId": engine.account,
            "crawlerName": name,
            "state": state,
            "cloudWatchLogLink": f"https://console.aws.amazon.com/cloudwatch/home?region="
            f"{engine.region}#logEventViewer:group={LOG_GROUP};stream={name}",
            **detail,
        },
    )


def _iso(moment: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


OPERATIONS = {
    "CreateCrawler": create_crawler,
    "UpdateCrawler": update_crawler,
    "DeleteCrawler": delete_crawler,
    "GetCrawler": get_crawler,
    "GetCrawlers": get_crawlers,
    "ListCrawlers": list_crawlers,
    "BatchGetCrawlers": batch_get_crawlers,
    "StartCrawler": start_crawler,
    "StopCrawler": stop_crawler,
}
