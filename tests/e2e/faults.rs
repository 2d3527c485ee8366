//! Faults that meet at a bad moment: what cannot be written, answers that are lost or stray, edits and deletions during
//! a push, neighbours that hang, an end while there is work. Each was seen to go wrong once.

use std::time::{Duration, Instant};

use crate::support::{CANARY, PATIENCE, PROGRAM, Plan, World, assert_no_canary, base64, ready};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use local_cluster::{Installation, unique_name, wait_until};
use pam_operator::api::PamCredential;
use pam_simulator::{Config, Effect, Fault, Journal, Kind, Seed, Simulator, VaultEdit};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Nothing happens in this time unless it happens over and over.
const A_MOMENT: Duration = Duration::from_secs(2);
const RECONCILE: &str = "pam-operator.io/reconcile-requested-at";

fn value(number: u32) -> String {
    format!("{CANARY}-{number}")
}

/// `svc` with its first value, applied and not waited for.
async fn apply(world: &World, change: Value) {
    world.put_secret("svc", json!({"password": value(1)})).await;
    world.put_credential("svc", change).await;
}

async fn rotate(world: &World, number: u32) {
    world.put_secret("svc", json!({"password": value(number)})).await;
}

/// Makes the operator look at an object again, though nothing that matters changed.
async fn poke<K: DeserializeOwned + Clone + std::fmt::Debug>(api: &Api<K>, name: &str) {
    let patch = json!({"metadata": {"labels": {"poked": unique_name("p")}}});
    api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// The object is looked at several times, with enough time in between for a call.
async fn poke_thrice<K: DeserializeOwned + Clone + std::fmt::Debug>(api: &Api<K>, name: &str) {
    for _ in 0..3 {
        poke(api, name).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn wait_for_call(sim: &Simulator, condition: impl FnMut(&Journal) -> bool) {
    assert!(sim.wait_for(PATIENCE, condition).await, "{:?}", sim.journal());
}

/// A PAM of its own, with the same login.
async fn another_pam(world: &World) -> Simulator {
    let config = Config::default().device("db01", "10.0.0.7");
    Simulator::start(config.only_client(&world.sim.client_id(), world.sim.client_secret())).await.unwrap()
}

/// Where a connection to that PAM leads.
fn leading_to(sim: &Simulator) -> Value {
    json!({"url": sim.url(), "tls": {"caBundle": base64(sim.ca_pem().as_bytes())}})
}

/// Somebody else's record on the account of `svc`, which our authorization does not see.
fn hidden(identifier: &str) -> Seed {
    let theirs = format!("{CANARY}-theirs");
    Seed::new("svc", "db01", "10.0.0.7").identifier(identifier).value(theirs).visible_to(&["somebody-else"])
}

async fn in_conflict(world: &World) -> PamCredential {
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(found.status.as_ref().unwrap().unexpected.is_some(), "{:?}", found.status);
    found
}

async fn ends(world: &World) {
    assert_no_canary(&world.everything_said().await);
}

// === What the API server refuses

async fn set_rules<K: DeserializeOwned + Clone + std::fmt::Debug>(api: &Api<K>, name: &str, rules: &[PolicyRule]) {
    let patch = Patch::Merge(json!({"rules": rules}));
    api.patch(name, &PatchParams::default(), &patch).await.unwrap();
}

fn without(rules: &[PolicyRule], resource: &str) -> Vec<PolicyRule> {
    let mut rules = rules.to_vec();
    for rule in &mut rules {
        rule.resources.get_or_insert_default().retain(|named| named != resource);
    }
    rules.retain(|rule| rule.resources.as_ref().is_some_and(|resources| !resources.is_empty()));
    rules
}

/// Until the API server lets the operator write the status of such objects, or no longer does.
async fn may_write_status(world: &World, resource: &str, may: bool) {
    let question = ["auth", "can-i", "patch", resource, "--subresource=status", "-n", &world.namespace];
    wait_until("the change of rights", PATIENCE, async || {
        let answer = world.cluster.kubectl_as(&world.install.kubeconfig(), &question).await;
        anyhow::ensure!(answer.is_ok() == may, "{answer:?}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_push_is_not_repeated_because_its_status_is_refused() {
    let world = World::start().await;
    let id = world.synced("svc").await.status.unwrap().id.unwrap();
    let api = Api::<Role>::namespaced(world.client.clone(), &world.namespace);
    let role = api.list(&ListParams::default()).await.unwrap().items.remove(0);
    let (name, rules) = (role.name_any(), role.rules.unwrap());
    set_rules(&api, &name, &without(&rules, "pamcredentials/status")).await;
    may_write_status(&world, "pamcredentials", false).await;

    let count = world.count().await;
    rotate(&world, 2).await;
    world.pam_holds("svc", &value(2)).await;
    let by_the_vault = format!("{CANARY}-vault");
    world.sim.edit(&id, VaultEdit::Rotate(by_the_vault.clone().into()));
    poke_thrice(&world.credentials(), "svc").await;
    assert_eq!(world.journal(&count).posts().len(), 1);

    // The status is all that is owed, and it comes by itself.
    set_rules(&api, &name, &rules).await;
    let version = world.secrets().get("svc").await.unwrap().resource_version().unwrap();
    wait_until("the status", PATIENCE, async || {
        let status = world.get("svc").await.status.unwrap();
        let sent = status.source.first().map(|source| source.resource_version.clone());
        anyhow::ensure!(sent.as_ref() == Some(&version), "{sent:?}");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(world.journal(&count).posts().len(), 1);
    assert_eq!(world.sim.value_of(&id), Some(by_the_vault), "no older value comes over the vault's");
    ends(&world).await;
}

#[tokio::test]
async fn a_refused_login_is_not_repeated_because_the_status_is_refused() {
    let world = World::start().await;
    let api = Api::<ClusterRole>::all(world.client.clone());
    let writes = |rule: &PolicyRule| {
        let named = rule.resources.iter().flatten().any(|resource| resource == "clusterpamconnections/status");
        named && rule.verbs.iter().any(|verb| verb == "patch")
    };
    let all = api.list(&ListParams::default()).await.unwrap().items.into_iter();
    let mut ours = all.filter(|role| role.name_any().contains(world.install.release()));
    let role = ours.find(|role| role.rules.iter().flatten().any(writes)).unwrap();
    let (name, rules) = (role.name_any(), role.rules.unwrap());
    set_rules(&api, &name, &without(&rules, "clusterpamconnections/status")).await;
    may_write_status(&world, "clusterpamconnections", false).await;

    let count = world.count().await;
    world.put_login(&world.sim.client_id(), "wrong-canary-7f3a").await;
    wait_until("a login", PATIENCE, async || {
        anyhow::ensure!(!world.journal(&count).is_empty());
        Ok(())
    })
    .await
    .unwrap();
    poke_thrice(&world.connections(), &world.connection).await;
    assert_eq!(world.journal(&count).len(), 1, "the PAM locks who tries often");
    set_rules(&api, &name, &rules).await;
    world.connection_becomes("PamAuthenticationFailed").await;
    assert_eq!(world.journal(&count).len(), 1, "what is owed is the status, and no login");
    ends(&world).await;
}

// === Edits and deletions during a pass

#[tokio::test]
async fn what_one_pams_list_permits_is_not_written_to_another_pam() {
    let world = World::start().await;
    let other = another_pam(&world).await;
    let theirs = other.seed(Seed::new("svc", "db01", "10.0.0.7").identifier("theirs").value("canary-7f3a-theirs"));
    let before = other.record(&theirs);
    world.sim.inject(Fault::on(Kind::ListCredentials, Effect::Delay(Duration::from_secs(4))));
    apply(&world, json!({"identifier": "ours"})).await;
    wait_for_call(&world.sim, |journal| journal.count(Kind::ListCredentials) == 1).await;

    world.put_connection(leading_to(&other)).await;
    world.becomes("svc", "RecordConflict").await;
    tokio::time::sleep(A_MOMENT).await;
    let posts = (world.sim.count(Kind::PostCredential), other.count(Kind::PostCredential));
    assert_eq!(posts, (0, 0));
    assert!(other.count(Kind::ListCredentials) > 0);
    assert_eq!(other.record(&theirs), before);
    ends(&world).await;
}

#[tokio::test]
async fn an_identifier_edited_during_the_first_push_leaves_the_object_usable() {
    let world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(3))));
    apply(&world, json!({"identifier": "typo"})).await;
    wait_for_call(&world.sim, |journal| journal.posts().len() == 1).await;
    world.put_credential("svc", json!({"identifier": "right"})).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!(status.identifier.as_deref(), Some("typo"), "as it was sent");

    poke(&world.credentials(), "svc").await;
    let count = world.count().await;
    rotate(&world, 2).await;
    world.pam_holds("svc", &value(2)).await;
    poke_thrice(&world.credentials(), "svc").await;
    assert_eq!(world.journal(&count).posts().len(), 1, "{}", world.logs());
    assert!(!world.logs().contains("a pass failed"), "{}", world.logs());
    let records = world.sim.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].identifier.as_deref(), Some("typo"), "what status shows holds");

    // Back to what was sent, and to no third one.
    let third = Patch::Merge(json!({"spec": {"identifier": "third"}}));
    let refused = world.credentials().patch("svc", &PatchParams::default(), &third).await.unwrap_err();
    assert!(refused.to_string().contains("spec.identifier cannot change"), "{refused}");
    world.put_credential("svc", json!({"identifier": "typo"})).await;
    world.becomes("svc", "Synced").await;
    ends(&world).await;
}

#[tokio::test]
async fn a_credential_deleted_during_its_push_is_counted_no_more() {
    let world = World::start().await;
    world.synced("other").await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(3))));
    apply(&world, json!({})).await;
    wait_for_call(&world.sim, |journal| journal.posts().len() == 2).await;
    world.credentials().delete("svc", &DeleteParams::default()).await.unwrap();
    wait_for_call(&world.sim, |journal| journal.posts().iter().all(|post| post.done_at.is_some())).await;
    tokio::time::sleep(A_MOMENT).await;
    let metrics = world.operator.as_ref().unwrap().metrics().await.unwrap();
    let counts = metrics.lines().filter(|line| line.starts_with("pam_operator_credentials{") && !line.ends_with(" 0"));
    assert_eq!(counts.collect::<Vec<_>>(), [r#"pam_operator_credentials{reason="Synced"} 1"#], "the other one");
    ends(&world).await;
}

// === Answers that are lost or stray

#[tokio::test]
async fn after_a_stray_answer_only_the_users_word_makes_the_record_ours() {
    let world = World::start().await;
    let id = world.sim.seed(hidden("theirs"));
    apply(&world, json!({"identifier": "ours"})).await;
    in_conflict(&world).await;
    // That one write put our identifier there (API 2.6, row 2), so that it proves nothing once the list shows it.
    assert_eq!(world.sim.record(&id).unwrap().identifier.as_deref(), Some("ours"));
    world.sim.edit(&id, VaultEdit::ShowTo(world.sim.client_id()));
    let count = world.count().await;
    world.put_credential("svc", json!({"identifier": "ours", "tags": ["looked", "at"]})).await;
    in_conflict(&world).await;
    rotate(&world, 2).await;
    tokio::time::sleep(A_MOMENT).await;
    in_conflict(&world).await;
    assert!(world.journal(&count).count(Kind::ListCredentials) > 0, "it was looked at");
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);

    world.annotate("svc", RECONCILE, "it is ours").await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!((status.id, status.unexpected), (Some(id), None));
    world.pam_holds("svc", &value(2)).await;
    assert_eq!(world.sim.records().len(), 1);
    ends(&world).await;
}

#[tokio::test]
async fn a_lost_first_answer_does_not_make_a_hidden_record_ours() {
    let world = World::start().await;
    let id = world.sim.seed(hidden("ours"));
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(502)));
    apply(&world, json!({"identifier": "ours"})).await;
    in_conflict(&world).await;
    assert_eq!(world.sim.count(Kind::PostCredential), 2, "it cannot be known before");
    rotate(&world, 2).await;
    world.annotate("svc", RECONCILE, "a list that does not show it still proves nothing").await;
    tokio::time::sleep(A_MOMENT).await;
    in_conflict(&world).await;
    assert_eq!(world.sim.count(Kind::PostCredential), 2);
    assert_eq!(world.sim.value_of(&id), Some(value(1)));
    ends(&world).await;
}

#[tokio::test]
async fn a_field_edit_that_was_lost_and_taken_back_is_taken_back_in_the_pam_too() {
    let world = World::start().await;
    apply(&world, json!({"tags": ["old"]})).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();
    let tags = || world.sim.record(&id).unwrap().fields["tags"].clone();
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit());
    // Time to take it back before it is tried again.
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).times(2));
    world.put_credential("svc", json!({"tags": ["new"]})).await;
    world.becomes("svc", "PamUnavailable").await;
    assert_eq!(tags(), "new");
    world.put_credential("svc", json!({"tags": ["old"]})).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(tags(), "old");
    assert_eq!(world.sim.value_of(&id), Some(value(1)));
    ends(&world).await;
}

#[tokio::test]
async fn without_a_secret_too_another_identifier_ends_a_conflict_and_nothing_else_does() {
    let world = World::start().await;
    let id = world.sim.seed(hidden("theirs"));
    world.put_credential("svc", json!({"contentSecretRef": null})).await;
    in_conflict(&world).await;
    // Whoever it belongs to mends what the one write did to it.
    world.sim.edit(&id, VaultEdit::Identifier(Some("theirs".into())));
    let before = world.sim.record(&id);
    let mut elsewhere = json!({"contentSecretRef": null, "username": "another", "hostname": "web01", "ip": "10.0.0.8"});
    world.put_credential("svc", elsewhere.clone()).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(ready(&world.get("svc").await).1, "RecordConflict", "their record may still carry our identifier");
    elsewhere["identifier"] = json!("another");
    world.put_credential("svc", elsewhere).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!(status.unexpected, None);
    assert_ne!(status.id.as_ref(), Some(&id));
    assert_eq!(world.sim.record(&id), before);
    ends(&world).await;
}

#[tokio::test]
async fn nothing_is_ready_while_an_answer_is_unexplained() {
    let world = World::start().await;
    apply(&world, json!({})).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();
    world.sim.remove_record(&id);
    rotate(&world, 2).await;
    in_conflict(&world).await;
    // As the status says it was sent: but not to the record that the PAM holds now.
    rotate(&world, 1).await;
    let until = Instant::now() + A_MOMENT * 2;
    while Instant::now() < until {
        let found = world.get("svc").await;
        let unexplained = found.status.as_ref().unwrap().unexpected.is_some();
        assert!(!unexplained || ready(&found).0 != "True", "{:?}", found.status);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    in_conflict(&world).await;
    ends(&world).await;
}

// === Others

#[tokio::test]
async fn an_operator_writes_nothing_for_the_connections_of_another() {
    let world = World::start().await;
    world.synced("svc").await;
    let other = Installation::of(world.cluster, &unique_name("ops"))
        .named(&unique_name("rel"))
        .set("watchNamespaces", json!([world.namespace]))
        .set("connectionSelector", "world=another")
        .set("clusterName", "c1")
        .set("log.filter", "trace")
        .install()
        .await
        .unwrap();
    let begin = world.cluster.audit().mark().await.unwrap();
    let mut second = other.start_operator(PROGRAM, &[]).await.unwrap();
    second.ready(PATIENCE).await.unwrap();
    for round in 2..5 {
        rotate(&world, round).await;
        world.pam_holds("svc", &value(round)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ready(&world.get("svc").await).1, "Synced");
    }
    assert!(second.stop().await.unwrap().success());
    let writes = world.cluster.audit().since(begin).await.unwrap().writes_by(&other.user()).without_leases();
    let of_objects = writes.filter(|write| write.resource.starts_with("pamcredentials") || write.resource == "events");
    assert_eq!(of_objects.len(), 0, "{writes}");
    assert_no_canary(&second.logs().unwrap());
    ends(&world).await;
}

#[tokio::test]
async fn a_pam_that_hangs_does_not_hold_up_another() {
    let world = World::start().await;
    let healthy = another_pam(&world).await;
    let name = format!("{}-healthy", world.connection);
    let mut spec = json!({"productVersion": "4.2", "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}}});
    crate::support::merge(&mut spec, leading_to(&healthy));
    let object = json!({
        "apiVersion": "pam-operator.io/v1alpha1",
        "kind": "ClusterPamConnection",
        "metadata": {"name": name, "labels": {"world": world.connection}},
        "spec": spec,
    });
    let apply_as = PatchParams::apply("test").force();
    world.connections().patch(&name, &apply_as, &Patch::Apply(object)).await.unwrap();
    apply(&world, json!({"connectionRef": {"name": name}})).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();

    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Hang(Duration::from_mins(1))).always());
    // More than are worked on at once.
    for number in 0..40 {
        let name = format!("stuck-{number}");
        world.put_secret(&name, json!({"password": CANARY})).await;
        world.put_credential(&name, json!({})).await;
    }
    wait_for_call(&world.sim, |journal| journal.posts().len() >= 8).await;
    tokio::time::sleep(A_MOMENT).await;
    rotate(&world, 2).await;
    wait_until("the value in the healthy PAM", Duration::from_secs(5), async || {
        anyhow::ensure!(healthy.value_of(&id) == Some(value(2)), "another");
        Ok(())
    })
    .await
    .unwrap();
    ends(&world).await;
}

#[tokio::test]
async fn what_another_wrote_into_the_status_is_gone_with_the_next_write_and_causes_no_others() {
    let world = World::start().await;
    world.synced("svc").await;
    let mut status = serde_json::to_value(world.get("svc").await.status).unwrap();
    status["digests"]["foreign"] = json!("x");
    status["conditions"].as_array_mut().unwrap().push(json!({
        "type": "Stalled", "status": "True", "reason": "Restored", "message": "from a backup",
        "lastTransitionTime": "2026-11-22T00:00:00Z",
    }));
    let somebody = PatchParams { field_manager: Some("a-backup".into()), ..PatchParams::default() };
    let restored = Patch::Merge(json!({"status": status}));
    world.credentials().patch_status("svc", &somebody, &restored).await.unwrap();

    rotate(&world, 2).await;
    world.pam_holds("svc", &value(2)).await;
    wait_until("a status of the operator's own", PATIENCE, async || {
        let status = world.get("svc").await.status.unwrap();
        let kinds: Vec<_> = status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
        anyhow::ensure!(kinds == ["Ready"] && !status.digests.contains_key("foreign"), "{status:?}");
        Ok(())
    })
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let count = world.count().await;
    tokio::time::sleep(A_MOMENT).await;
    world.assert_nothing_done(&count).await;
    ends(&world).await;
}

#[tokio::test]
async fn after_sigterm_no_post_begins_and_those_under_way_are_finished() {
    let limits = json!({"maxConcurrentRequests": 4, "requestsPerSecond": 0});
    let mut world = Plan::default().limits(limits).start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(4))).always());
    for number in 0..34 {
        let name = format!("due-{number}");
        world.put_secret(&name, json!({"password": CANARY})).await;
        world.put_credential(&name, json!({})).await;
    }
    wait_for_call(&world.sim, |journal| journal.posts().iter().filter(|post| post.done_at.is_none()).count() == 4)
        .await;
    let mut operator = world.operator.take().unwrap();
    let told = jiff::Timestamp::now();
    operator.terminate().unwrap();
    let status = operator.wait(Duration::from_secs(8)).await.unwrap();
    let logs = operator.logs().unwrap();
    assert!(status.success(), "{status}: {logs}");

    let journal = world.sim.journal();
    let late = journal.posts().into_iter().filter(|post| post.at > told + Duration::from_secs(1));
    assert_eq!(late.count(), 0, "{journal:?}");
    assert!(journal.posts().iter().all(|post| post.status == Some(201)), "all were answered: {journal:?}");
    let credentials = world.credentials().list(&ListParams::default()).await.unwrap();
    let noted = credentials.iter().filter(|credential| credential.status.as_ref().is_some_and(|s| s.id.is_some()));
    assert_eq!(noted.count(), world.sim.records().len(), "what was written is known");
    assert_no_canary(&logs);
    ends(&world).await;
}

#[tokio::test]
async fn a_rotation_does_not_wait_behind_those_who_wait_for_a_list() {
    let world = Plan::default().limits(json!({"maxConcurrentRequests": 2, "requestsPerSecond": 0})).start().await;
    world.synced("calm").await;
    for name in ["one", "two"] {
        world.sim.seed(Seed::new(name, "db01", "10.0.0.7").identifier("theirs").visible_to(&["somebody-else"]));
        world.put_secret(name, json!({"password": CANARY})).await;
        world.put_credential(name, json!({})).await;
        world.becomes(name, "RecordConflict").await;
    }
    for name in ["one", "two"] {
        world.put_credential(name, json!({"tags": ["another look"]})).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    world.put_secret("calm", json!({"password": "rotated"})).await;
    world.pam_holds("calm", "rotated").await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    ends(&world).await;
}

/// One of the watched namespaces went away, and the operator starts anew.
#[tokio::test]
async fn a_watched_namespace_that_is_gone_holds_up_no_other() {
    let mut world = Plan::default().neighbour().start().await;
    world.synced("svc").await;
    world.stop_operator().await;
    let gone = world.neighbour.clone().unwrap();
    world.cluster.kubectl(&["delete", "namespace", &gone, "--timeout=180s"]).await.unwrap();
    world.put_secret("svc", json!({"password": "rotated"})).await;
    let starting = Instant::now();
    let mut operator = world.install.operator(crate::support::PROGRAM).start().await.unwrap();
    world.pam_holds("svc", "rotated").await;
    eprintln!("served after {:?}", starting.elapsed());
    operator.ready(Duration::from_mins(1)).await.unwrap();
    assert!(operator.logs().unwrap().contains(&gone), "it is told");
    world.operator = Some(operator);
    // A list that never came is not waited for at the end.
    let stopping = Instant::now();
    world.stop_operator().await;
    assert!(stopping.elapsed() < PATIENCE, "{:?}", stopping.elapsed());
    assert_no_canary(&world.everything_said().await);
}
