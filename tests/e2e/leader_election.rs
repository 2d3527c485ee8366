//! Leader election on a real API server, with the rights that the chart gives: one leads, and the next one takes over.
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{
    Api, Client, Config,
    api::{DeleteParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use local_cluster::{ControlPlane, Installation, Operator, free_address, unique_name, wait_for};
use pam_operator::leader::{LEASE_NAME, Lead, Leadership};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Instant, timeout},
};

const LEASE: Duration = Duration::from_secs(4);
const SOON: Duration = Duration::from_secs(3);
const BINARY: &str = env!("CARGO_BIN_EXE_pam-operator");

/// An installed chart, and the lease in its namespace.
struct Place {
    install: Installation<'static>,
    leases: Api<Lease>,
}

impl Place {
    async fn new() -> Self {
        let cluster = ControlPlane::shared().await.unwrap();
        let own = unique_name("leader");
        // It must not serve what other tests have on this control plane.
        let release = Installation::of(cluster, &own)
            .set("watchNamespaces", json!([own]))
            .set("connectionSelector", format!("world={own}"))
            .set("leaderElection.leaseDurationSeconds", 5);
        let install = release.install().await.unwrap();
        let leases = Api::namespaced(cluster.admin_client().await.unwrap(), install.namespace());
        Self { install, leases }
    }

    async fn candidate(&self, identity: &str) -> Leadership {
        self.candidate_with(self.install.client().await.unwrap(), identity)
    }

    fn candidate_with(&self, client: Client, identity: &str) -> Leadership {
        Leadership::elected(client, self.install.namespace(), identity, LEASE)
    }

    async fn lease(&self) -> LeaseSpec {
        self.leases.get(LEASE_NAME).await.unwrap().spec.unwrap()
    }

    async fn holder(&self) -> Option<String> {
        self.leases.get_opt(LEASE_NAME).await.unwrap()?.spec?.holder_identity
    }
}

async fn lead(candidate: &Leadership) -> Lead {
    timeout(LEASE * 5, candidate.acquire(|| (), std::future::pending())).await.unwrap().unwrap()
}

/// A candidate that waits, known to have seen that another one leads.
async fn waiting(candidate: Leadership) -> tokio::task::JoinHandle<Lead> {
    let (standby, is_standby) = oneshot::channel();
    let task = tokio::spawn(async move {
        let tell = move || standby.send(()).unwrap();
        candidate.acquire(tell, std::future::pending()).await.unwrap()
    });
    timeout(SOON, is_standby).await.unwrap().unwrap();
    task
}

#[tokio::test]
async fn a_released_lease_goes_to_the_one_that_waits() {
    let place = Place::new().await;
    let one = lead(&place.candidate("one").await).await;
    let two = waiting(place.candidate("two").await).await;
    assert_eq!(place.holder().await.as_deref(), Some("one"));
    assert!(one.is_held());
    let (handle, lost) = (one.handle(), one.lost());
    one.release(None).await;
    lost.await;
    assert!(!handle.is_held());
    let two = timeout(SOON, two).await.unwrap().unwrap();
    let lease = place.lease().await;
    assert_eq!((lease.holder_identity.as_deref(), lease.lease_transitions), (Some("two"), Some(2)));
    assert_eq!(lease.lease_duration_seconds, Some(4));
    two.release(None).await;
    assert_eq!(place.holder().await, None);
}

#[tokio::test]
async fn what_is_vouched_for_is_told_to_the_next_leader_and_to_no_other() {
    let place = Place::new().await;
    let one = lead(&place.candidate("one").await).await;
    assert_eq!(one.handle().vouched(), None, "there was none before");
    one.release(Some("all".to_owned())).await;
    let two = lead(&place.candidate("two").await).await;
    assert_eq!(two.handle().vouched(), Some("all"));
    drop(two);
    let three = timeout(LEASE * 3, lead(&place.candidate("three").await)).await.unwrap();
    assert_eq!(three.handle().vouched(), None, "the second one did not give it back");
    three.release(Some("all".to_owned())).await;
    // Without an election there is one in between of whom the lease would say nothing.
    let alone = Leadership::alone(place.install.client().await.unwrap(), place.install.namespace()).await;
    let alone = alone.acquire(|| (), std::future::pending()).await.unwrap();
    assert_eq!(alone.handle().vouched(), None);
    let four = lead(&place.candidate("four").await).await;
    assert_eq!(four.handle().vouched(), None);
}

#[tokio::test]
async fn of_many_one_leads() {
    let place = Place::new().await;
    let (found, mut leads) = tokio::sync::mpsc::unbounded_channel();
    for name in ["a", "b", "c", "d", "e"] {
        let (candidate, found) = (place.candidate(name).await, found.clone());
        tokio::spawn(async move { found.send(lead(&candidate).await) });
    }
    let first = leads.recv().await.unwrap();
    assert!(timeout(LEASE * 2, leads.recv()).await.is_err(), "a second one leads");
    assert!(first.is_held());
}

#[tokio::test]
async fn a_leader_that_vanishes_is_replaced_when_its_lease_is_over_and_not_before() {
    let place = Place::new().await;
    let one = lead(&place.candidate("one").await).await;
    let two = waiting(place.candidate("two").await).await;
    let vanished = Instant::now();
    drop(one);
    let _two = timeout(LEASE * 3, two).await.unwrap().unwrap();
    // Its last renewal was up to a third of the lease before.
    let gap = vanished.elapsed();
    assert!(gap > LEASE * 3 / 5 && gap < LEASE * 2, "{gap:?}");
}

#[tokio::test]
async fn a_leader_that_is_cut_off_stops_before_another_one_leads() {
    let place = Place::new().await;
    let proxy = Proxy::start(&place.install).await;
    let one = lead(&place.candidate_with(proxy.client.clone(), "one")).await;
    let two = waiting(place.candidate("two").await).await;
    tokio::time::sleep(LEASE).await;
    assert!(one.is_held(), "it renews through the proxy");
    proxy.is_cut.store(true, Ordering::SeqCst);
    timeout(LEASE, one.lost()).await.expect("it stops within the lease");
    let stopped = Instant::now();
    assert!(!one.is_held() && !two.is_finished());
    let _two = timeout(LEASE * 2, two).await.unwrap().unwrap();
    assert!(stopped.elapsed() > LEASE / 6, "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_lease_that_someone_labels_is_still_ours() {
    let place = Place::new().await;
    let one = lead(&place.candidate("one").await).await;
    for value in ["a", "b", "c"] {
        let label = json!({"metadata": {"labels": {"touched": value}}});
        place.leases.patch(LEASE_NAME, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
        tokio::time::sleep(LEASE / 2).await;
        assert!(one.is_held());
    }
    let labels = place.leases.get(LEASE_NAME).await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["touched"], "c", "and what it wrote is kept");
}

#[tokio::test]
async fn a_lease_that_another_one_wrote_is_lost_at_the_next_renewal() {
    // Also one under the same name: two processes that were given one identity.
    for thief in ["thief", "one"] {
        let place = Place::new().await;
        let one = lead(&place.candidate("one").await).await;
        let theft = json!({"spec": {"holderIdentity": thief, "renewTime": "2001-01-01T00:00:00.000000Z"}});
        place.leases.patch(LEASE_NAME, &PatchParams::default(), &Patch::Merge(theft)).await.unwrap();
        timeout(LEASE / 2, one.lost()).await.expect(thief);
        one.release(None).await;
        assert_eq!(place.holder().await.as_deref(), Some(thief), "what is not ours is not released");
    }
}

#[tokio::test]
async fn a_lease_that_was_removed_is_lost() {
    let place = Place::new().await;
    let one = lead(&place.candidate("one").await).await;
    place.leases.delete(LEASE_NAME, &DeleteParams::default()).await.unwrap();
    timeout(LEASE / 2, one.lost()).await.unwrap();
}

#[tokio::test]
async fn a_restarted_container_leads_again_at_once() {
    let place = Place::new().await;
    drop(lead(&place.candidate("pod-1").await).await);
    let began = Instant::now();
    lead(&place.candidate("pod-1").await).await;
    assert!(began.elapsed() < SOON);
    assert_eq!(place.lease().await.lease_transitions, Some(1));
}

#[tokio::test]
async fn without_rights_it_waits_for_them_and_can_be_stopped() {
    let place = Place::new().await;
    let elsewhere = ControlPlane::shared().await.unwrap().namespace("no-rights").await.unwrap();
    let candidate = Leadership::elected(place.install.client().await.unwrap(), &elsewhere, "one", LEASE);
    let standby = Arc::new(AtomicBool::new(false));
    let told = standby.clone();
    let shutdown = tokio::time::sleep(LEASE);
    let tell = move || told.store(true, Ordering::SeqCst);
    let lead = timeout(LEASE * 2, candidate.acquire(tell, shutdown)).await.unwrap();
    assert!(lead.is_none());
    assert!(!standby.load(Ordering::SeqCst), "one that cannot read the lease is not ready to take over");
}

#[tokio::test]
async fn without_election_there_is_nothing_to_wait_for() {
    let lead = Leadership::unopposed().acquire(|| panic!("a standby"), std::future::pending()).await.unwrap();
    assert!(lead.is_held());
    let lost = lead.lost();
    lead.release(None).await;
    timeout(SOON, lost).await.unwrap();
}

async fn leads(operator: &Operator) -> bool {
    operator.metrics().await.is_ok_and(|text| text.lines().any(|line| line == "pam_operator_leader 1"))
}

/// Starts one replica of two, and waits until it is ready.
async fn replica(place: &Place, name: &str) -> Operator {
    let launch = place.install.operator(BINARY).pod_name(name).listen(free_address().unwrap());
    let mut operator = launch.start().await.unwrap();
    operator.ready(Duration::from_secs(10)).await.unwrap();
    operator
}

#[tokio::test]
async fn sigterm_hands_over_at_once_and_sigkill_when_the_lease_is_over() {
    let place = Place::new().await;
    let mut one = replica(&place, "one").await;
    assert!(leads(&one).await);
    let two = replica(&place, "two").await;
    assert!(!leads(&two).await, "ready as a standby");
    let stopped = Instant::now();
    assert!(one.stop().await.unwrap().success(), "{}", one.logs().unwrap());
    let leading = async |operator: &Operator, within| {
        wait_for("the other one to lead", within, async || leads(operator).await.then_some(())).await
    };
    leading(&two, SOON).await.unwrap();
    assert!(stopped.elapsed() < SOON, "{:?}", stopped.elapsed());
    let three = replica(&place, "three").await;
    let (mut two, killed) = (two, Instant::now());
    two.kill().await.unwrap();
    leading(&three, Duration::from_secs(15)).await.unwrap();
    assert!(killed.elapsed() > Duration::from_secs(3), "{:?}", killed.elapsed());
    assert_eq!(place.holder().await.as_deref(), Some("three"));
}

#[tokio::test]
async fn the_last_one_gives_the_lease_back() {
    let place = Place::new().await;
    let mut one = replica(&place, "one").await;
    assert_eq!(place.holder().await.as_deref(), Some("one"));
    assert!(one.stop().await.unwrap().success());
    assert_eq!(place.holder().await, None);
}

#[tokio::test]
async fn a_leader_that_wakes_up_from_a_stop_finds_that_it_no_longer_leads() {
    let place = Place::new().await;
    let mut one = replica(&place, "one").await;
    let two = replica(&place, "two").await;
    one.pause().unwrap();
    wait_for("the other one to lead", Duration::from_secs(15), async || leads(&two).await.then_some(())).await.unwrap();
    one.resume().unwrap();
    let status = one.wait(SOON).await.unwrap();
    assert!(!status.success(), "it ends with an error, to be started anew as a standby");
    // Either the renewal saw it, or the time was over.
    let logs = one.logs().unwrap();
    assert!(["is", "was"].iter().any(|tense| logs.contains(&format!("the lease {tense} lost"))), "{logs}");
    assert_eq!(place.holder().await.as_deref(), Some("two"));
}

/// A relay in front of the API server that can go silent: connections stay open, and nothing comes through.
struct Proxy {
    client: Client,
    is_cut: Arc<AtomicBool>,
}

impl Proxy {
    async fn start(install: &Installation<'_>) -> Self {
        let kubeconfig = Kubeconfig::read_from(install.kubeconfig()).unwrap();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let server = config.cluster_url.authority().unwrap().as_str().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        config.cluster_url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
        config.default_retry = false;
        let is_cut = Arc::new(AtomicBool::new(false));
        tokio::spawn(relay_all(listener, server, is_cut.clone()));
        Self { client: Client::try_from(config).unwrap(), is_cut }
    }
}

async fn relay_all(listener: TcpListener, server: SocketAddr, is_cut: Arc<AtomicBool>) {
    while let Ok((near, _)) = listener.accept().await {
        let far = TcpStream::connect(server).await.unwrap();
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::spawn(relay(near_in, far_out, is_cut.clone()));
        tokio::spawn(relay(far_in, near_out, is_cut.clone()));
    }
}

async fn relay(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    is_cut: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if is_cut.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}
