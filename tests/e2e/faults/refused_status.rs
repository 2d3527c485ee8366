//! P3, P10: a write or a login is not repeated because the API server refuses the status that would record it.

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_simulator::VaultEdit;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{ends, poke_thrice, rotate, value};
use crate::support::{CANARY, PATIENCE, World};

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

/// The operator's role that lets it patch this.
async fn allowing(api: &Api<ClusterRole>, world: &World, resource: &str) -> ClusterRole {
    let writes = |rule: &PolicyRule| {
        let named = rule.resources.iter().flatten().any(|named| named == resource);
        named && rule.verbs.iter().any(|verb| verb == "patch")
    };
    let all = api.list(&ListParams::default()).await.unwrap().items.into_iter();
    let mut ours = all.filter(|role| role.name_any().contains(world.install.release()));
    ours.find(|role| role.rules.iter().flatten().any(writes)).unwrap()
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
    // The right to say that an object is not served any more holds in the whole cluster.
    let everywhere = Api::<ClusterRole>::all(world.client.clone());
    let cluster_role = allowing(&everywhere, &world, "pamcredentials/status").await;
    let cluster_rules = without(&cluster_role.rules.clone().unwrap(), "pamcredentials/status");
    set_rules(&everywhere, &cluster_role.name_any(), &cluster_rules).await;
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
    let role = allowing(&api, &world, "clusterpamconnections/status").await;
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
