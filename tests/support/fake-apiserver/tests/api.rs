//! The fake API server serves through kube's own client what the operator relies on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use fake_apiserver::{Cluster, Effect, Fault, run};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, WatchEvent, WatchParams,
};
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Widgets, with a default in their spec and one for their status.
fn crd() -> CustomResourceDefinition {
    let spec = json!({"type": "object", "properties": {"size": {"type": "integer", "default": 7}}});
    let status = json!({"type": "object", "default": {"phase": "New"}, "properties": {"phase": {"type": "string"}}});
    let schema = json!({"type": "object", "properties": {"spec": spec, "status": status}});
    serde_json::from_value(json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    }))
    .unwrap()
}

fn widget(spec: &Value) -> Value {
    json!({"metadata": {"name": "w", "namespace": "ns"}, "spec": spec, "status": {"phase": "Restored"}})
}

/// A cluster with a widget, and the API that the operator would use.
fn made() -> (Cluster, Api<DynamicObject>) {
    let cluster = Cluster::new("c1", &[crd()]);
    cluster.put("widgets", &widget(&json!({"colour": "red"})));
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "Widget"));
    let api = Api::namespaced_with(cluster.client(), "ns", &kind);
    (cluster, api)
}

fn version(object: &DynamicObject) -> u64 {
    object.metadata.resource_version.as_ref().unwrap().parse().unwrap()
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("{other}"),
    }
}

#[test]
fn a_new_object_has_defaults_and_no_status_of_its_own() {
    run(|_| async {
        let (_cluster, api) = made();
        let found = api.get("w").await.unwrap();
        assert_eq!(found.data["spec"], json!({"colour": "red", "size": 7}));
        assert_eq!(found.data["status"], json!({"phase": "New"}));
        assert_eq!(found.metadata.generation, Some(1));
        assert_eq!(found.metadata.creation_timestamp.unwrap().0.to_string(), "2030-01-01T00:00:00Z");
        assert_eq!(code(&api.get("other").await.unwrap_err()), 404);
    });
}

#[test]
fn a_patch_of_the_status_changes_nothing_else_and_one_of_the_object_not_the_status() {
    run(|_| async {
        let (cluster, api) = made();
        let all = json!({"spec": {"colour": "blue"}, "status": {"phase": "Done"}});
        let params = PatchParams::default();
        let after = api.patch_status("w", &params, &Patch::Merge(&all)).await.unwrap();
        assert_eq!((&after.data["spec"]["colour"], &after.data["status"]["phase"]), (&json!("red"), &json!("Done")));
        assert_eq!(after.metadata.generation, Some(1));
        let other = json!({"spec": {"colour": "blue"}, "status": {"phase": "Lost"}});
        let after = api.patch("w", &params, &Patch::Merge(&other)).await.unwrap();
        assert_eq!((&after.data["spec"]["colour"], &after.data["status"]["phase"]), (&json!("blue"), &json!("Done")));
        assert_eq!(after.metadata.generation, Some(2));
        let again = api.patch("w", &params, &Patch::Merge(&other)).await.unwrap();
        assert_eq!(version(&again), version(&after), "nothing changed");
        let requests = cluster.requests();
        assert_eq!((requests.resource("widgets/status").len(), requests.resource("widgets").writes().len()), (1, 2));
    });
}

#[test]
fn a_test_that_fails_and_a_version_that_is_old_change_nothing() {
    run(|_| async {
        let (_cluster, api) = made();
        let before = api.get("w").await.unwrap();
        let steps = json!([
            {"op": "test", "path": "/metadata/uid", "value": "another"},
            {"op": "add", "path": "/status", "value": {"phase": "Wrong"}},
        ]);
        let steps: json_patch::Patch = serde_json::from_value(steps).unwrap();
        let refused = api.patch_status("w", &PatchParams::default(), &Patch::Json::<()>(steps)).await.unwrap_err();
        assert_eq!(code(&refused), 422);
        let old = json!({"metadata": {"resourceVersion": "1", "finalizers": []}});
        let refused = api.patch_metadata("w", &PatchParams::default(), &Patch::Merge(old)).await.unwrap_err();
        assert_eq!(code(&refused), 409);
        assert_eq!(api.get("w").await.unwrap(), before);
    });
}

#[test]
fn an_object_with_a_finalizer_goes_when_that_is_taken_off() {
    run(|_| async {
        let (cluster, api) = made();
        let uid = api.get("w").await.unwrap().metadata.uid;
        let own = |uid: Value| {
            json!({"apiVersion": "example.com/v1", "kind": "Widget",
                   "metadata": {"name": "w", "uid": uid, "finalizers": ["a.example.com/f"]}})
        };
        let apply = PatchParams::apply("test").force();
        let refused = api.patch_metadata("w", &apply, &Patch::Apply(own(json!("another")))).await.unwrap_err();
        assert_eq!(code(&refused), 409);
        let held = api.patch_metadata("w", &apply, &Patch::Apply(own(json!(uid)))).await.unwrap();
        assert_eq!(held.metadata.finalizers, Some(vec!["a.example.com/f".to_owned()]));

        assert!(cluster.delete("widgets", "ns", "w"));
        let found = api.get_metadata("w").await.unwrap();
        assert!(found.metadata.deletion_timestamp.is_some());
        let off = json!({"metadata": {"resourceVersion": found.metadata.resource_version, "finalizers": []}});
        api.patch_metadata("w", &PatchParams::default(), &Patch::Merge(off)).await.unwrap();
        assert_eq!(code(&api.get("w").await.unwrap_err()), 404);
    });
}

#[test]
fn a_watch_shows_what_happens_and_ends_with_a_bookmark_when_its_time_is_up() {
    run(|_| async {
        let (cluster, api) = made();
        let from = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
        let began = Instant::now();
        let mut watch = api.watch(&WatchParams::default().timeout(120), &from).await.unwrap().boxed();
        cluster.put("widgets", &widget(&json!({"colour": "blue"})));
        cluster.put("secrets", &json!({"metadata": {"name": "s", "namespace": "ns"}}));
        assert!(matches!(watch.next().await, Some(Ok(WatchEvent::Modified(_)))));
        cluster.delete("widgets", "ns", "w");
        assert!(matches!(watch.next().await, Some(Ok(WatchEvent::Deleted(_)))));
        let Some(Ok(WatchEvent::Bookmark(bookmark))) = watch.next().await else { panic!("a bookmark") };
        assert!(watch.next().await.is_none());
        assert_eq!(began.elapsed(), Duration::from_mins(2));
        assert!(bookmark.metadata.resource_version.parse::<u64>().unwrap() > from.parse().unwrap());
    });
}

#[test]
fn a_watcher_goes_on_for_a_day_with_one_list_and_starts_again_after_a_compaction() {
    run(|_| async {
        let cluster = Cluster::new("c1", &[]);
        let api: Api<kube::api::PartialObjectMeta<ConfigMap>> = Api::all(cluster.client());
        let mut events = watcher(api, watcher::Config::default().timeout(120)).boxed();
        let listed = events.by_ref().take(2).try_collect::<Vec<_>>().await.unwrap();
        assert!(matches!(listed[..], [Event::Init, Event::InitDone]), "{listed:?}");
        let putting = cluster.clone();
        tokio::spawn(async move {
            for _ in 0..24 {
                sleep(Duration::from_hours(1)).await;
                let name = putting.list("configmaps").len().to_string();
                putting.put("configmaps", &json!({"metadata": {"name": name, "namespace": "ns"}, "data": {"k": "v"}}));
            }
        });
        let seen = events.by_ref().take(24).try_collect::<Vec<_>>().await.unwrap();
        assert!(seen.iter().all(|event| matches!(event, Event::Apply(_))), "{seen:?}");
        let asked = cluster.requests();
        assert_eq!((asked.verb("list").len(), asked.verb("watch").len()), (1, 721), "{asked}");

        cluster.hold_watches(true);
        cluster.put("configmaps", &json!({"metadata": {"name": "late", "namespace": "ns"}}));
        cluster.compact();
        let error = events.next().await.unwrap().unwrap_err();
        assert!(matches!(error, watcher::Error::WatchError(_)), "{error}");
        let next = events.next().await;
        assert!(matches!(next, Some(Ok(Event::Init))), "{next:?}");
    });
}

#[test]
fn the_watches_of_one_kind_are_held_alone() {
    run(|_| async {
        let cluster = Cluster::new("c1", &[]);
        let (maps, secrets) = (Api::<ConfigMap>::all(cluster.client()), Api::<Secret>::all(cluster.client()));
        let mut maps = watcher(maps, watcher::Config::default()).boxed();
        let mut secrets = watcher(secrets, watcher::Config::default()).boxed();
        assert_eq!(maps.by_ref().take(2).count().await + secrets.by_ref().take(2).count().await, 4);
        let object = |name: &str| json!({"metadata": {"name": name, "namespace": "ns"}});
        let name = |event: Option<Result<Event<ConfigMap>, watcher::Error>>| match event {
            Some(Ok(Event::Apply(object))) => object.metadata.name.unwrap(),
            _ => panic!("no event"),
        };
        cluster.put("configmaps", &object("before"));
        cluster.hold_watches_of("configmaps", true);
        cluster.put("configmaps", &object("late"));
        cluster.put("secrets", &object("other"));
        assert!(matches!(secrets.next().await, Some(Ok(Event::Apply(_)))));
        assert_eq!(name(maps.next().await), "before");
        assert!(tokio::time::timeout(Duration::from_mins(10), maps.next()).await.is_err(), "it is held");
        cluster.hold_watches_of("configmaps", false);
        assert_eq!(name(maps.next().await), "late");
    });
}

#[test]
fn faults_come_before_or_after_the_write() {
    run(|_| async {
        for (effect, done) in [
            (Effect::Refused(500), false),
            (Effect::Lost, false),
            (Effect::DoneAndRefused(500), true),
            (Effect::DoneAndLost, true),
            (Effect::DoneAndSilent, true),
        ] {
            let (cluster, api) = made();
            cluster.inject(Fault::on("patch", "widgets/status", effect).only("w"));
            let patch = Patch::Merge(json!({"status": {"phase": "Done"}}));
            let params = PatchParams::default();
            let answer = tokio::time::timeout(Duration::from_secs(15), api.patch_status("w", &params, &patch)).await;
            assert_eq!(answer.is_err(), effect == Effect::DoneAndSilent);
            assert!(!matches!(answer, Ok(Ok(_))), "{effect:?}");
            let phase = cluster.get("widgets", "ns", "w").unwrap()["status"]["phase"].clone();
            assert_eq!(phase == json!("Done"), done, "{effect:?}");
            api.patch_status("w", &params, &patch).await.unwrap();
        }
    });
}

#[test]
fn a_label_selector_shows_an_object_while_it_has_the_label() {
    run(|_| async {
        let cluster = Cluster::new("c1", &[]);
        let put = |label: &str| {
            let labels = json!({"team": label});
            cluster.put("secrets", &json!({"metadata": {"name": "s", "namespace": "ns", "labels": labels}}));
        };
        put("ours");
        let api: Api<Secret> = Api::namespaced(cluster.client(), "ns");
        let listed = api.list(&ListParams::default().labels("team=ours")).await.unwrap();
        let none = api.list(&ListParams::default().labels("team=theirs")).await.unwrap();
        assert_eq!((listed.items.len(), none.items.len()), (1, 0));
        let version = listed.metadata.resource_version.unwrap();
        let watch = WatchParams::default().labels("team=ours");
        let mut events = Box::pin(api.watch(&watch, &version).await.unwrap());
        put("theirs");
        put("nobody's");
        put("ours");
        assert!(matches!(events.next().await, Some(Ok(WatchEvent::Deleted(_)))));
        assert!(matches!(events.next().await, Some(Ok(WatchEvent::Added(_)))));
    });
}

#[test]
fn a_secret_is_served_as_it_is_and_what_is_not_served_is_refused() {
    run(|_| async {
        let cluster = Cluster::new("c1", &[]);
        let object = json!({"metadata": {"name": "s", "namespace": "ns"}, "stringData": {"k": "value"}});
        cluster.put("secrets", &object);
        let api: Api<Secret> = Api::namespaced(cluster.client(), "ns");
        assert_eq!(api.get("s").await.unwrap().data.unwrap()["k"].0, b"value");
        let refused = [
            api.list(&ListParams::default().labels("a in (b,c)")).await.map(drop).unwrap_err(),
            api.watch(&WatchParams::default().labels("a in (b,c)"), "1").await.map(drop).unwrap_err(),
        ];
        assert_eq!(refused.map(|error| code(&error)), [400, 400]);
        let refused = api.delete("s", &kube::api::DeleteParams::default()).await.map(drop).unwrap_err();
        assert_eq!(code(&refused), 405);
        assert_eq!(cluster.requests().tally().into_iter().collect::<Vec<_>>().len(), 4);
    });
}
